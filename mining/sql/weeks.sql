-- One row per week in the log's zone, from the first arrival to the last end: cases that arrived, cases that
-- ended, cases in progress at the week's end, and the median cycle time in seconds of those that ended.
with moment as (
  select t0 at time zone 'UTC' at time zone $tz as t0, t1 at time zone 'UTC' at time zone $tz as t1,
    epoch_us(t1) - epoch_us(t0) as w
  from cv
),
week as (
  select unnest(generate_series(date_trunc('week', min(t0)), date_trunc('week', max(t1)), interval 7 days)) as week
  from moment
),
arrived as (select date_trunc('week', t0) as week, count(*) as n from moment group by all),
ended as (
  select date_trunc('week', t1) as week, count(*) as n, quantile_cont(w, 0.5) / 1e6 as median_s
  from moment group by all
)
select week.week::date as week, coalesce(a.n, 0) as arrived, coalesce(e.n, 0) as ended,
  (sum(coalesce(a.n, 0) - coalesce(e.n, 0)) over (order by week.week))::bigint as in_progress, e.median_s
from week
left join arrived a using (week)
left join ended e using (week)
order by week

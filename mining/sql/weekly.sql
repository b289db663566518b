-- One row per week (Monday, in the zone $tz) in which cases in view ended: how many, and their cycle times.
-- median_s, p90_s: seconds from the first start to the last end of the cases that ended in the week.
select date_trunc('week', timezone($tz, timezone('UTC', t1)))::date as week, count(*) as cases,
  quantile_cont((epoch_us(t1) - epoch_us(t0)) / 1e6, 0.5) as median_s,
  quantile_cont((epoch_us(t1) - epoch_us(t0)) / 1e6, 0.9) as p90_s
from cv
group by week
order by week

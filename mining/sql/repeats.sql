-- One row per activity that some case does more than once.
-- cases, share: cases that repeat it; again: doings beyond the first; median_s, others_s: median cycle
-- time in seconds of the cases that repeat it, and of the others.
with repeated as (
  select vid, a.aid, count(*) - 1 as extra
  from (select vid, unnest(acts) as aid from variant) a
  group by vid, a.aid
  having count(*) > 1
),
whole as (select count(*) as cases from cv)
select
  activity.name as activity,
  count(*) as cases,
  count(*) / any_value(whole.cases) as share,
  sum(repeated.extra) as again,
  median((epoch_us(cv.t1) - epoch_us(cv.t0)) / 1e6) as median_s,
  (
    select median((epoch_us(o.t1) - epoch_us(o.t0)) / 1e6)
    from cv o
    where o.vid not in (select r.vid from repeated r where r.aid = repeated.aid)
  ) as others_s
from repeated
join cv using (vid)
join activity using (aid)
cross join whole
group by activity.name, repeated.aid
order by cases desc, activity

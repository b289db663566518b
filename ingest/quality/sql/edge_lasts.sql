-- One row per last activity: cases that end with it in the middle of the log and near its end.
-- near: within $window_s of the last event; contains: cases that have the activity at all.
with bounds as (select max(t1) as last_at from cv),
     having_it as (select aid, sum(n) as cases from (select n, unnest(list_distinct(acts)) as aid from variant) group by aid)
select ea as aid, any_value(h.cases) as contains, count(*) as cases,
       count(*) filter (t1 <= last_at - to_microseconds(($window_s * 1e6)::bigint)) as middle,
       count(*) filter (t1 > last_at - to_microseconds(($window_s * 1e6)::bigint)) as near,
       list(case_id order by cid desc) filter (t1 > last_at - to_microseconds(($window_s * 1e6)::bigint)) [1:3] as examples
from cv, bounds join having_it h on h.aid = cv.ea
group by ea

-- One row per first activity: cases that begin with it in the middle of the log and near its beginning.
-- near: within $window_s of the first event; contains: cases that have the activity at all.
with bounds as (select min(t0) as first_at from cv),
     having_it as (select aid, sum(n) as cases from (select n, unnest(list_distinct(acts)) as aid from variant) group by aid)
select sa as aid, any_value(h.cases) as contains, count(*) as cases,
       count(*) filter (t0 >= first_at + to_microseconds(($window_s * 1e6)::bigint)) as middle,
       count(*) filter (t0 < first_at + to_microseconds(($window_s * 1e6)::bigint)) as near,
       list(case_id order by cid) filter (t0 < first_at + to_microseconds(($window_s * 1e6)::bigint)) [1:3] as examples
from cv, bounds join having_it h on h.aid = cv.sa
group by sa

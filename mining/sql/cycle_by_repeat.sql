-- One row: the median cycle time in seconds of the cases that do $activity more than once (again_s), and of
-- all others (others_s).
with repeating as (
  select vid
  from (select vid, unnest(acts) as aid from variant) join activity using (aid)
  where activity.name = $activity
  group by vid
  having count(*) > 1
),
timed as (select vid in (from repeating) as again, (epoch_us(t1) - epoch_us(t0)) / 1e6 as cycle_s from cv)
select median(cycle_s) filter (again) as again_s, median(cycle_s) filter (not again) as others_s
from timed

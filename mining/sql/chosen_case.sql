-- One row per case that enters the candidate, by its first instance. week: Monday of that in zone $tz.
-- Hours of each kind of pain, where the waiting before its first instance happened outside. cycle: hours
-- from first start to last end.
create or replace temp table chosen_case as
select
  cid,
  date_trunc('week', timezone($tz, timezone('UTC', min(start_ts))))::date as week,
  min(start_ts) as entered,
  coalesce(sum(avoidable) filter (k > 1), 0) as waiting,
  coalesce(sum(work) filter (again), 0) as rework,
  coalesce(sum(work) filter (rare and not again), 0) as exceptions,
  epoch(max(ts) - min(start_ts)) / 3600 as cycle,
  count(*) filter (k > 1 and rid is distinct from before_rid) as handoffs,
  count(distinct sid) as systems,
  list(aid order by k) as acts
from chosen
group by cid

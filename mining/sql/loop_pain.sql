-- One row per activity that cases repeat: hours of waiting and of work from its first time to its last.
-- share: of the cases that repeat it.
with loop as (
  select cid, aid as again_aid, min(pos) as first_pos, max(pos) as last_pos
  from part
  group by cid, aid
  having count(*) > 1
)
select
  activity.name as repeated,
  sum(avoidable) filter (pos > first_pos) as waiting,
  coalesce(sum(work) filter (part.again or part.rare), 0) as work,
  count(distinct cid) / (select count(*) from cv) as share
from loop join part using (cid) join activity on activity.aid = again_aid
where pos between first_pos and last_pos
group by activity.name
order by activity.name

-- One row per visit of a step in the runs of a plan: what became of its attempts.
-- attempts: attempts made, 0 for a person's; failed_at: end of the first that failed or broke the contract;
-- done_at: when the visit was completed; alone: 1 when a system completed it; told_at: when somebody was
-- first told after the failure, by an alert or a task. Compensation is not a visit.
with visit as (
  select j.run, j.node, j.visit,
    max(coalesce(j.attempt, 0)) as attempts,
    min(case when j.kind = 'failed' or (j.kind = 'succeeded' and j.completes = 0) then j.at end) as failed_at,
    max(case when j.completes = 1 then j.at end) as done_at,
    max(case when j.completes = 1 and j.kind = 'succeeded' then 1 else 0 end) as alone
  from journal j join run r on r.id = j.run
  where r.plan = :plan and r.simulated = 0 and j.node is not null and j.visit is not null
    and j.kind in ('succeeded', 'failed', 'decided') and j.event not like '%"node":"!undo"%'
  group by j.run, j.node, j.visit
)
select v.run, v.node, v.visit, v.attempts, v.failed_at, v.done_at, v.alone, min(a.at) as told_at
from visit v
left join alert a on a.run = v.run and a.node = v.node and a.visit = v.visit and a.at >= v.failed_at
group by v.run, v.node, v.visit, v.attempts, v.failed_at, v.done_at, v.alone

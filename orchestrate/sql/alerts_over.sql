-- One row per alert whose cause is over, though that is not noted yet.
-- A run's alert is over with its run, with the visit of its step, or when the task it led to has ended.
-- What only a person can call seen is never here: a decision that was refused, and a run that was
-- cancelled because it was past its deadline.
select a.run, a.kind, a.node, a.visit
from alert a left join run r on r.id = a.run
where a.ended is null and (
  a.kind = 'breaker closed'
  or (a.kind = 'breaker' and not exists (
    select 1 from system_state s where s.name = a.node and s.breaker <> 'closed' and s.openings = a.visit))
  or (a.kind = 'trigger' and not exists (
    select 1 from plan_trigger t where t.name = a.node and t.status = 'active' and t.failures > 0))
  or (a.kind = 'model' and not exists (
    select 1 from model_score s join model_trust t on t.model = s.model and t.version = s.version
    where s.run = a.run and s.node = a.node and s.visit = a.visit and t.trusted = 0))
  or (a.run <> '' and r.id is null)
  or r.simulated = 1
  or (a.run <> '' and a.kind not in ('model', 'refused') and (
    r.status = 'done'
    or (r.status <> 'open' and a.kind <> 'deadline')
    or (a.kind = 'stuck' and r.stuck is null)
    or (a.node <> '' and exists (
      select 1 from journal j
      where j.run = a.run and j.node = a.node and j.visit = a.visit and j.completes = 1 and j.at >= a.raised))
    or (a.kind <> 'stuck' and exists (
      select 1 from task t
      where t.run = a.run and t.node = a.node and (t.visit = a.visit or a.kind = 'deadline')
        and (t.status = 'closed' or (t.status = 'done' and t.decided_at >= a.raised)))
      and not exists (
      select 1 from task t
      where t.run = a.run and t.node = a.node and (t.visit = a.visit or a.kind = 'deadline')
        and t.status = 'open'))
    or ((a.kind = 'unassigned' or a.kind like 'escalation %') and exists (
      select 1 from task t
      where t.run = a.run and t.node = a.node and t.visit = a.visit and t.status = 'open'
        and t.assignee is not null)))))
limit :most

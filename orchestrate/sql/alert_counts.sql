-- One row per kind of alert that is open: how many there are.
select case when a.kind like 'escalation %' then 'escalation' else a.kind end as kind, count(*) as n
from alert a left join run r on r.id = a.run
where a.ended is null and a.settled is null and a.kind <> 'breaker closed'
  and (a.run = '' or r.simulated = 0)
group by 1
order by 1

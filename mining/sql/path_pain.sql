-- One row per variant and position: hours of avoidable waiting before it, and of rework and exceptions in it.
select
  vid,
  pos,
  sum(avoidable) as waiting,
  sum(work) filter (again or rare) as work
from part join cv using (cid)
group by vid, pos
order by vid, pos

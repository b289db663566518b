-- One row per case that enters the candidate, by entry. path: number of its sequence of activities.
-- penalties: hours for a broken promise, where the candidate is the $whole case.
select
  case_id, entered, week, waiting, rework, exceptions,
  if($whole, coalesce(hours, 0), 0) as penalties, cycle, handoffs, systems,
  dense_rank() over (order by acts) - 1 as path
from chosen_case join cv using (cid) left join broken using (cid)
order by entered, t0, n0, case_id

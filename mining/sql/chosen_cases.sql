-- One row per case that enters the candidate, by entry. path: number of its sequence of activities.
select
  case_id, week, waiting, rework, exceptions, cycle, handoffs, systems,
  dense_rank() over (order by acts) - 1 as path
from chosen_case join cv using (cid)
order by entered, cid

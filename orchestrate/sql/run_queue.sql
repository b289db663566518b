-- One row: how many runs wait for a worker, how long the first has waited, how many rest or are driven.
select
  sum(case when owner is null and due <= :now then 1 else 0 end) as queue_depth,
  max(case when owner is null and due <= :now then :now - case when due > 0 then due else since end
      else 0 end) as queue_lag_seconds,
  sum(case when owner is null and stuck is null and (due is null or due > :now) then 1 else 0 end) as runs_parked,
  sum(case when owner is not null then 1 else 0 end) as runs_driven,
  sum(case when stuck is not null then 1 else 0 end) as runs_stuck
from run
where status = 'open' and simulated = 0

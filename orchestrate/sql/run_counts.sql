-- One row per plan and state of its runs, those that were purged since included.
-- plan; status: open, done, cancelled …; n: runs.
select plan, status, sum(n) as n
from (
  select plan, status, count(*) as n from run where simulated = 0 group by plan, status
  union all
  select plan, status, n from run_tally
) counted
group by plan, status
order by plan, status

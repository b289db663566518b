-- One row: what the slowest tenth of the cases is. limit_s: cycle time in seconds that it exceeds;
-- share: its share of all cycle time; median_s: median cycle time of all cases.
with timed as (select (epoch_us(t1) - epoch_us(t0)) / 1e6 as cycle_s from cv),
quantiles as (select quantile_cont(cycle_s, 0.9) as limit_s, median(cycle_s) as median_s from timed)
select
  limit_s,
  median_s,
  count(*) filter (cycle_s > limit_s) as cases,
  coalesce(sum(cycle_s) filter (cycle_s > limit_s) / nullif(sum(cycle_s), 0), 0) as share
from timed cross join quantiles
group by limit_s, median_s

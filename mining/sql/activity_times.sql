-- One row per activity in view: seconds from the start to the end of an instance. Exact quantiles.
select activity.name as activity, mean / 1e6 as mean_s, q[1] / 1e6 as median_s, q[2] / 1e6 as p90_s,
  total / 1e6 as total_s
from (
  select aid, avg(w) as mean, quantile_cont(w, [0.5, 0.9]) as q, sum(w) as total
  from (select aid, epoch_us(ts) - epoch_us(start_ts) as w from instance)
  group by aid
)
join activity using (aid)

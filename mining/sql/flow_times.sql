-- One row per pair of activities where `target` directly follows `source`: seconds from the end of the
-- one to the start of the other, 0 where they overlap. Exact quantiles, interpolated.
select a.name as source, b.name as target, mean / 1e6 as mean_s, q[1] / 1e6 as median_s, q[2] / 1e6 as p90_s,
  total / 1e6 as total_s
from (
  select aid, naid, avg(w) as mean, quantile_cont(w, [0.5, 0.9]) as q, sum(w) as total
  from (
    select aid, naid, greatest(epoch_us(nst) - epoch_us(ts), 0) as w
    from instance where naid is not null
  )
  group by aid, naid
) flow
join activity a on a.aid = flow.aid
join activity b on b.aid = flow.naid

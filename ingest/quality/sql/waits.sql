-- One row per flow with at least $least observations: quantiles of the time between the two, in seconds.
-- Buckets are 2 % wide; bucket -1 is no time at all.
with steps as (
    select aid, naid, b, n, sum(n) over (partition by aid, naid order by b) as upto,
           sum(n) over (partition by aid, naid) as total
    from (select aid, naid, b, sum(n) as n from edge group by all)
)
select aid, naid, any_value(total)::bigint as n,
       min(case when b < 0 then 0 else exp((b + 0.5) * 0.0198026) / 1e6 end) filter (upto >= 0.05 * total) as p05_s,
       min(case when b < 0 then 0 else exp((b + 0.5) * 0.0198026) / 1e6 end) filter (upto >= 0.5 * total) as p50_s,
       min(case when b < 0 then 0 else exp((b + 0.5) * 0.0198026) / 1e6 end) filter (upto >= 0.95 * total) as p95_s
from steps where total >= $least group by aid, naid

-- One row per pair of activities where `target` directly follows `source`: seconds from the end of the one to the
-- start of the other, 0 where they overlap. Exact, and from the edge aggregate alone: bucket -1 holds what took none.
select a.name as source, b.name as target, total / n / 1e6 as mean_s, total / 1e6 as total_s
from (
  select aid, naid, sum(n) as n, coalesce(sum(s) filter (b >= 0), 0) as total
  from edge
  group by aid, naid
) flow
join activity a on a.aid = flow.aid
join activity b on b.aid = flow.naid

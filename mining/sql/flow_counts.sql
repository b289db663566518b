-- One row per pair of activities where `target` directly follows `source` within a case. From variants alone.
select a.name as source, b.name as target, sum(times * n)::bigint as events, sum(n)::bigint as cases
from (
  select vid, n, aid, naid, count(*) as times
  from (select vid, n, unnest(acts[:-2]) as aid, unnest(acts[2:]) as naid from variant where n > 0)
  group by all
) flow
join activity a on a.aid = flow.aid
join activity b on b.aid = flow.naid
group by a.name, b.name
order by events desc, source, target

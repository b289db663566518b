-- One row per pair of activities that are mostly done by different resources one after the other.
-- waiting: avoidable hours between them. share: of the cases that have the pair.
with pair as (
  select
    cid, aid, rid, avoidable,
    lag(aid) over w as source,
    lag(rid) over w as before_rid
  from part
  window w as (partition by cid order by pos)
)
select a.name as source, b.name as target, waiting, share
from (
  select
    source, aid,
    sum(avoidable) as waiting,
    count(distinct cid) / (select count(*) from cv) as share
  from pair
  where source is not null and source <> aid
  group by all
  having avg((rid <> before_rid)::integer) > 0.5
) found
join activity a on a.aid = found.source
join activity b on b.aid = found.aid
order by waiting desc, a.name, b.name

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
select
  names.of[source] as source,
  names.of[aid] as target,
  sum(avoidable) as waiting,
  count(distinct cid) / (select count(*) from cv) as share
from pair, (select map(list(aid), list(name)) as of from activity) as names
where source is not null and source <> aid
group by all
having avg((rid <> before_rid)::integer) > 0.5
order by waiting desc, source, target

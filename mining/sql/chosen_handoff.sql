-- One row per activity instance on either side of a handoff: activity $target directly after $source.
-- Only the waiting in between is its own.
create or replace temp table chosen as
with pair as (
  select
    *,
    lag(aid) over (partition by cid order by pos) as before_aid,
    lead(aid) over (partition by cid order by pos) as after_aid,
    lag(rid) over (partition by cid order by pos) as before_rid
  from part
)
select
  * replace (case when aid = $target and before_aid = $source then avoidable else 0 end as avoidable),
  row_number() over (partition by cid order by pos) as k
from pair
where (aid = $source and after_aid = $target) or (aid = $target and before_aid = $source)

-- One row per activity instance of a candidate: the activities $aids, or all of them where it is null.
create or replace temp table chosen as
select
  *,
  row_number() over (partition by cid order by pos) as k,
  lag(aid) over (partition by cid order by pos) as before_aid,
  lag(rid) over (partition by cid order by pos) as before_rid
from part
where $aids is null or list_contains($aids, aid)

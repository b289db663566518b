-- One row per activity instance from the first to the last time that a case does $again, where it does
-- it twice or more.
create or replace temp table chosen as
with loop as (
  select cid, min(pos) as first_pos, max(pos) as last_pos
  from part
  where aid = $again
  group by cid
  having count(*) > 1
)
select
  part.*,
  row_number() over (partition by cid order by pos) as k,
  lag(aid) over (partition by cid order by pos) as before_aid,
  lag(rid) over (partition by cid order by pos) as before_rid
from part join loop using (cid)
where pos between first_pos and last_pos

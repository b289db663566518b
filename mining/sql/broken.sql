-- One row per case that ended after it was due: what that costs, in hours.
create or replace temp table broken as
select cid, $hours::double as hours
from (select cid, t1, /*due*/ as due from cv)
where t1 > due

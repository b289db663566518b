-- One row per case in view and resource that worked on it, for the $most resources that work on most cases.
with worked as (select distinct cid, rid from instance where rid is not null and cid in (select cid from cv))
select worked.cid, resource.name
from worked
join (select rid from worked group by rid order by count(*) desc, rid limit $most) as busy using (rid)
join resource using (rid)

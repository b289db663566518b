-- One row per resource and activity in view: times the one did the other.
select resource.name as resource, activity.name as activity, n
from (select rid, aid, count(*) as n from instance where rid is not null group by all)
join resource using (rid)
join activity using (aid)
order by resource, activity

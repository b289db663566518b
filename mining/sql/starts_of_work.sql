-- One row per activity instance of an even sample of at most $most: who began what when (UTC).
select resource.name as resource, activity.name as activity, start_ts as start
from (select *, row_number() over () as i, count(*) over () as total from instance)
join activity using (aid)
left join resource using (rid)
where i % ceil(total / $most)::bigint = 0

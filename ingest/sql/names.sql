-- One row per activity, resource and system of `fresh` that had no number yet.
insert into activity
select (select coalesce(max(aid) + 1, 0) from activity) + row_number() over (order by name) - 1, name
from (select distinct activity as name from fresh) where name not in (select name from activity);

insert into resource
select (select coalesce(max(rid) + 1, 0) from resource) + row_number() over (order by name) - 1, name
from (select distinct resource as name from fresh where resource is not null)
where name not in (select name from resource);

insert into system
select (select coalesce(max(sid) + 1, 0) from system) + row_number() over (order by name) - 1, name
from (select distinct system as name from fresh where system is not null)
where name not in (select name from system);

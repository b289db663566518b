-- One row per activity, resource and system that no event names any more.
delete from activity where name not in (select distinct activity from shaped);

delete from resource where name not in (select distinct resource from shaped where resource is not null);

delete from system where name not in (select distinct system from shaped where system is not null);

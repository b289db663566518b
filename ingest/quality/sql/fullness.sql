-- One row per activity: how many of its instances name a resource.
-- Columns of attributes are added to it by name, see missing.py.
select aid, count(*) as n, count(rid) as resource from instance group by aid

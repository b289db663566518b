-- One row per resource whose name stands for no one: how often it occurs.
select r.name, count(*) as n
from instance i join resource r using (rid)
where lower(trim(r.name)) in
  ('null', 'nan', 'n/a', 'na', '#n/a', 'none', 'nil', 'unknown', 'undefined', 'missing', 'tbd', '-', '?', 'not assigned',
   'unassigned', 'unbekannt', 'inconnu')
group by r.name order by n desc

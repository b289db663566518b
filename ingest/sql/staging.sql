-- One row per system of `fresh`: whether its lifecycle tells what completes, and whether anything else happens.
-- $ends: transitions that complete.
select coalesce(system, '') as system,
       coalesce(bool_or(list_contains($ends, lifecycle)), false) as staged,
       coalesce(bool_or(lifecycle is not null and not list_contains($ends, lifecycle)), false) as began
from fresh
group by all

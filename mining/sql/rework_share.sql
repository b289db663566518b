-- One row: cases in view with any activity done more than once, and instances beyond the first of their kind.
select coalesce(sum(n) filter (len(acts) > len(list_distinct(acts))), 0)::bigint as cases,
  coalesce(sum(n * (len(acts) - len(list_distinct(acts)))), 0)::bigint as repeats,
  coalesce(sum(n * len(acts)), 0)::bigint as instances
from variant

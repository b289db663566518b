-- One row: how many cases have both activities, and how many have each.
select coalesce(sum(n) filter (list_contains(acts, $a) and list_contains(acts, $b)), 0)::bigint as both,
       coalesce(sum(n) filter (list_contains(acts, $a)), 0)::bigint as a,
       coalesce(sum(n) filter (list_contains(acts, $b)), 0)::bigint as b
from variant

-- One row per variant: its number, and the names of its activities in order.
select
  vid,
  list_transform(acts, lambda a: names.of[a]) as activities
from variant, (select map(list(aid), list(name)) as of from activity) as names
order by vid

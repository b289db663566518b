-- One row per variant: its activities by name, and the cases that follow it, commonest first.
select list_transform(acts, lambda aid: names[aid]) as activities, n
from variant, (select map(list(aid), list(name)) as names from activity)
where n > 0
order by n desc, vid

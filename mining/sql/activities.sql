-- One row per activity in view: how often it happens, and in how many cases. From variants alone.
select activity.name as activity, sum(times * n)::bigint as events, sum(n)::bigint as cases
from (
  select vid, n, aid, count(*) as times
  from (select vid, n, unnest(acts) as aid from variant where n > 0)
  group by all
)
join activity using (aid)
group by activity.name
order by events desc, activity

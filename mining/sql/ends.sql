-- One row per activity that begins or ends cases in view: `side` is start or end.
select side, name as activity, count(*) as cases
from (select 'start' as side, sa as aid from cv union all select 'end', ea from cv)
join activity using (aid)
group by all
order by cases desc, activity

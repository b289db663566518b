-- One row per variant: its number, and the names of its activities in order.
select vid, list(name order by pos) as activities
from (select vid, unnest(acts) as aid, generate_subscripts(acts, 1) as pos from variant)
join activity using (aid)
group by vid
order by vid

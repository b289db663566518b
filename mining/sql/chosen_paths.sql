-- One row per distinct sequence of activities within the candidate, numbered as in chosen_cases.
select list(name order by pos) as path
from (
  select path, unnest(acts) as aid, generate_subscripts(acts, 1) as pos
  from (select acts, row_number() over (order by acts) as path from (select distinct acts from chosen_case))
)
join activity using (aid)
group by path
order by path

-- One row per distinct sequence of activities within the candidate, numbered as in chosen_cases.
select list_transform(acts, lambda a: names.of[a]) as path
from (select distinct acts from chosen_case), (select map(list(aid), list(name)) as of from activity) as names
order by acts

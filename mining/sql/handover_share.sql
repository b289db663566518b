-- One row: steps that follow another where both resources are known, and those of them that change the resource.
select count(*) filter (rid <> nrid) as handovers, count(*) as steps
from instance
where rid is not null and nrid is not null

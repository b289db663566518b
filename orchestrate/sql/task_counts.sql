-- One row per plan with open tasks: how many there are, and how many are past their due time.
select plan, count(*) as open, sum(case when due < :now then 1 else 0 end) as overdue
from task
where status = 'open' and simulated = 0
group by plan
order by open desc, plan

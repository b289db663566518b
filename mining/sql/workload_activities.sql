-- One row per activity in view, commonest first: how many resources do it, the one that does most of it, and that
-- one's share of the instances that say who did them; instances per week from the first week of the view to its last.
with done as (select aid, rid, count(*) as n from instance group by all),
weeks as (
  select date_diff('day', min(week), max(week)) / 7 + 1 as n
  from (select date_trunc('week', ts at time zone 'UTC' at time zone $tz)::date as week from instance)
)
select
  activity.name as activity,
  sum(done.n)::bigint as instances,
  count(done.rid) as resources,
  arg_max(resource.name, done.n order by resource.name) filter (done.rid is not null) as busiest,
  max(done.n) filter (done.rid is not null) / sum(done.n) filter (done.rid is not null) as busiest_share,
  sum(done.n) / any_value(weeks.n) as per_week
from done
join activity using (aid)
left join resource using (rid), weeks
group by activity.name
order by instances desc, activity

-- One row per resource in view, busiest first: what it completed, in how many cases and activities; hours from
-- start to end of its instances; first and last completion (UTC); and the week in $tz in which it completed most.
with done as (
  select rid, aid, cid, start_ts, ts,
    date_trunc('week', ts at time zone 'UTC' at time zone $tz)::date as week
  from instance
  where rid is not null
),
weekly as (select rid, week, count(*) as n from done group by all),
busiest as (select rid, min(week) as week, any_value(n) as n from weekly
  where n = (select max(w.n) from weekly w where w.rid = weekly.rid) group by rid)
select
  resource.name as resource, total.* exclude (rid), busiest.week as busiest_week, busiest.n as busiest_instances
from (
  select rid, count(*) as instances, count(distinct cid) as cases, count(distinct aid) as activities,
    sum(epoch_us(ts) - epoch_us(start_ts)) / 3.6e9 as processing_h, min(ts) as first_at, max(ts) as last_at
  from done
  group by rid
) total
join busiest using (rid)
join resource using (rid)
order by instances desc, resource

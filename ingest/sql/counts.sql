-- One row per log: how large it is, and when it begins and ends.
select
    (select count(distinct case_id) from event) as cases,
    (select count(*) from event) as events,
    (select count(*) from instance) as instances,
    (select count(distinct activity) from event) as activities,
    (select count(*) from variant) as instance_variants,
    (select min(least(ts, coalesce(start_ts, ts))) from event) as first_at,
    (select max(ts) from event) as last_at,
    (select count(*) > 0 from instance where start_ts < ts) as timed;

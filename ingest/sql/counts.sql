-- One row per log: how large it is, and when it begins and ends; raw events where `raw_case` tells them apart.
with raw as (
    select count(*) as cases, sum(n) as events, count(distinct h) as variants,
           min(first_at) as first_at, max(last_at) as last_at, coalesce(sum(running), 0) as running
    from raw_case
),
made as (
    select (select count(*) from cv) as cases, (select count(*) from instance) as instances,
           (select count(*) from variant) as variants,
           (select min(t0) from cv) as first_at, (select max(t1) from cv) as last_at
)
select
    if(raw.cases > 0, raw.cases, made.cases) as cases,
    if(raw.cases > 0, raw.events, made.instances)::bigint as events,
    made.instances,
    (select count(*) from activity) as activities,
    if(raw.cases > 0, raw.variants, made.variants) as variants,
    made.variants as instance_variants,
    if(raw.cases > 0, raw.first_at, made.first_at) as first_at,
    if(raw.cases > 0, raw.last_at, made.last_at) as last_at,
    (select coalesce(bool_or(staged and began), false) from staging) as paired,
    raw.running::bigint as running
from raw cross join made

-- One row per activity instance, case, variant and edge bucket: the derived tables, made afresh from `made`.
-- `made` has one row per activity instance with its names, times, arrival number and attribute columns.
insert into activity
select (select coalesce(max(aid) + 1, 0) from activity) + row_number() over (order by name) - 1, name
from (select distinct activity as name from event) where name not in (select name from activity);

insert into resource
select (select coalesce(max(rid) + 1, 0) from resource) + row_number() over (order by name) - 1, name
from (select distinct resource as name from event where resource is not null)
where name not in (select name from resource);

insert into system
select (select coalesce(max(sid) + 1, 0) from system) + row_number() over (order by name) - 1, name
from (select distinct system as name from event where system is not null)
where name not in (select name from system);

truncate instance;
truncate cv;
truncate variant;
truncate edge;

create temp table numbered as           -- `before`: how many instances the cases before this one have
select row_number() over w - 1 as cid, case_id, t0, t1, n, sum(n) over w - n as before
from (
    select case_id, min(start_ts) as t0, max(ts) as t1, count(*) as n, min(n) as n0
    from made group by case_id
)
window w as (order by t0, n0);

-- Sorted once; what comes next is then read off the following row, which DuckDB streams.
insert into instance by name
select * exclude (before, rank, next_cid), rank - 1 - before as pos,
       case when next_cid = cid then lead(aid) over () end as naid,
       case when next_cid = cid then lead(rid) over () end as nrid,
       case when next_cid = cid then lead(start_ts) over () end as nst
from (
    select *, row_number() over () as rank, lead(cid) over () as next_cid
    from (
        select c.cid, c.before, a.aid, r.rid, s.sid, m.* exclude (case_id, activity, resource, system)
        from made m
        join numbered c using (case_id)
        join activity a on a.name = m.activity
        left join resource r on r.name = m.resource
        left join system s on s.name = m.system
        order by c.cid, m.start_ts, m.ts, m.n
    )
);

create temp table printed as            -- one row per case: the fingerprint of its sequence
select cid, bit_xor(hash((aid::ubigint << 32) | pos)) as h,
       min(aid) filter (pos = 0) as sa, min(aid) filter (naid is null) as ea
from instance group by cid;

insert into variant
select v.vid, v.h, v.n, list(i.aid order by i.pos)
from (
    select row_number() over (order by n desc, first) - 1 as vid, *
    from (select h, count(*) as n, min(cid) as first from printed group by h)
) v
join instance i on i.cid = v.first
group by v.vid, v.h, v.n
order by v.vid;

create temp table described as          -- one row per case: its attributes, the first source that has one wins
select case_id, any_value(columns(* exclude (case_id, source)) order by source)
from trace group by case_id;

insert into cv by name
select c.cid, c.case_id, c.t0, c.t1, c.n, v.vid, p.sa, p.ea, d.* exclude (case_id)
from numbered c
join printed p using (cid)
join variant v using (h)
left join described d on d.case_id = c.case_id
order by c.cid;

insert into edge
select aid, naid, case when w <= 0 then -1 else floor(ln(w) / 0.0198026) end, count(*), sum(w)
from (select aid, naid, epoch_us(nst) - epoch_us(ts) as w from instance where naid is not null)
group by all;

-- One row per activity instance, as `laid` has it, where none has a start of its own or a system: a narrower sort.
select * exclude (before, rank, next_cid), ts as start_ts, (rank - 1 - before)::uinteger as pos,
       case when next_cid = cid then lead(aid) over () end as naid,
       case when next_cid = cid then lead(rid) over () end as nrid,
       case when next_cid = cid then lead(ts) over () end as nst
from (
    select *, row_number() over () as rank, lead(cid) over () as next_cid
    from (
        select p.cid, p.before, a.aid, r.rid, m.* exclude (case_id, activity, resource, system, start_ts)
        from made m
        join portion p using (case_id)
        join activity a on a.name = m.activity
        left join resource r on r.name = m.resource
        order by p.cid, m.ts, m.n
    )
)

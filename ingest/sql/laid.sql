-- One row per activity instance of the cases in `portion`, by case and position.
-- `before`: how many instances the cases of the portion before this one have. Sorted once; what comes next is
-- then read off the following row, which DuckDB streams.
select * exclude (before, rank, next_cid), (rank - 1 - before)::uinteger as pos,
       case when next_cid = cid then lead(aid) over () end as naid,
       case when next_cid = cid then lead(rid) over () end as nrid,
       case when next_cid = cid then lead(start_ts) over () end as nst
from (
    select *, row_number() over () as rank, lead(cid) over () as next_cid
    from (
        select p.cid, p.before, a.aid, r.rid, s.sid, m.* exclude (case_id, activity, resource, system)
        from made m
        join portion p using (case_id)
        join activity a on a.name = m.activity
        left join resource r on r.name = m.resource
        left join system s on s.name = m.system
        order by p.cid, m.start_ts, m.ts, m.n
    )
)

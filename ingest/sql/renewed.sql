-- One row per touched case that there is now: it keeps its number, new ones go on counting.
create or replace temp table numbered as
with found as (
    select case_id, min(start_ts) as t0, max(ts) as t1, count(*) as n, min(n) as n0 from made group by case_id
), given as (
    select found.*,
           coalesce(gone.cid, (select coalesce(max(cid) + 1, 0) from cv)
               + row_number() over (partition by gone.cid is null order by t0, n0, case_id) - 1)::uinteger as cid
    from found left join gone using (case_id)
)
select cid, case_id, t0, t1, n, n0, sum(n) over (order by cid) - n as before from given;

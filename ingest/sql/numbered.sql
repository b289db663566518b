-- One row per case of `made`, numbered by its first moment, ties by arrival; `before`: instances of those before it.
create or replace temp table numbered as
select (row_number() over w - 1)::uinteger as cid, case_id, t0, t1, n, n0, sum(n) over w - n as before
from (
    select case_id, min(start_ts) as t0, max(ts) as t1, count(*) as n, min(n) as n0
    from made group by case_id
)
window w as (order by t0, n0, case_id);

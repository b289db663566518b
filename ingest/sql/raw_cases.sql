-- One row per case of `fresh`: what its raw events come to, in the order of time.
insert into raw_case by name
select case_id, count(*) as n, bit_xor(hash((aid::ubigint << 32) | pos)) as h,
       min(least(ts, coalesce(start_ts, ts))) as first_at, max(ts) as last_at,
       coalesce(any_value(running), 0) as running
from (
    select f.case_id, a.aid, f.ts, f.start_ts,
           (row_number() over (partition by f.case_id order by f.ts, f.n) - 1)::ubigint as pos
    from fresh f join activity a on a.name = f.activity
)
left join unfinished using (case_id)
group by case_id;

-- One row: how many instances end in the same second as 19 or more instances of other cases.
-- Only busy minutes are looked at by the second, and only in busy seconds are cases told apart: all
-- seconds of a large log would be as many groups as it has events.
with minutes as (
    select epoch_us(ts) // 60000000 as minute from instance group by minute having count(*) >= 20
), busy as (
    select epoch_us(ts) // 1000000 as second, count(*) as n
    from instance i semi join minutes m on m.minute = epoch_us(i.ts) // 60000000
    group by second having count(*) >= 20
), cases as (
    select second, count(distinct i.cid) as cases
    from instance i join busy on busy.second = epoch_us(i.ts) // 1000000 group by second
)
select coalesce(sum(n), 0)::bigint as n, count(*) as seconds,
       arg_max(make_timestamp(second * 1000000), n) as worst, max(n) as most
from busy join cases using (second) where cases >= 20

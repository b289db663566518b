-- One row per touched case, its instances, its variant and the edge buckets it changes: the old ones are taken
-- back, those in `numbered` and `laid` put in their place. What nothing is left of vanishes.
delete from instance where cid in (select cid from gone);

delete from cv where cid in (select cid from gone);

insert into instance by name select * from laid order by cid, pos;

insert into variant
select (select coalesce(max(vid) + 1, 0) from variant) + row_number() over (order by h) - 1, h, 0, acts
from (
    select h, list(aid order by pos) as acts
    from (select h, min(cid) as cid from printed where h not in (select h from variant) group by h)
    join laid using (cid)
    group by h
);

update variant set n = variant.n + change.k
from (
    select h, sum(k) as k
    from (
        select h, 1 as k from printed
        union all
        select h, -1 from gone join variant using (vid)
    )
    group by h having sum(k) <> 0
) change
where variant.h = change.h;

delete from variant where n = 0;

merge into edge using (
    select aid, naid, case when w <= 0 then -1 else floor(ln(w) / 0.0198026) end as b,
           sum(k)::bigint as n, sum(k * w)::hugeint as s
    from (
        select aid, naid, epoch_us(nst) - epoch_us(ts) as w, 1 as k from laid where naid is not null
        union all
        select aid, naid, epoch_us(nst) - epoch_us(ts), -1 from old where naid is not null
    )
    group by all
    having sum(k) <> 0 or sum(k * w) <> 0
) change
on edge.aid = change.aid and edge.naid = change.naid and edge.b = change.b
when matched and edge.n + change.n = 0 then delete
when matched then update set n = edge.n + change.n, s = edge.s + change.s
when not matched then insert values (change.aid, change.naid, change.b, change.n, change.s);

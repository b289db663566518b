-- One row per variant and per edge bucket of the whole log, made afresh.
insert into variant
select v.vid, v.h, v.n, list(i.aid order by i.pos)
from (
    select row_number() over (order by n desc, first) - 1 as vid, *
    from (select h, count(*) as n, min(cid) as first from printed group by h)
) v
join instance i on i.cid = v.first
group by v.vid, v.h, v.n
order by v.vid;

insert into edge
select aid, naid, case when w <= 0 then -1 else floor(ln(w) / 0.0198026) end, count(*), sum(w)
from (select aid, naid, epoch_us(nst) - epoch_us(ts) as w from instance where naid is not null)
group by all;

-- One row per case, instance, variant and flow that is in view; `source.` is where all of them are.
create temp view cv as select * from source.cv semi join kept using (cid);
create temp view instance as select * from source.instance semi join kept using (cid);
create temp table variant as
  select v.vid, v.h, c.n::ubigint as n, v.acts
  from source.variant v join (select vid, count(*) as n from cv group by vid) c using (vid)
  order by c.n desc, v.vid;
create temp view edge as
  select aid, naid, case when w <= 0 then -1 else floor(ln(w) / 0.0198026) end::smallint as b,
    count(*) as n, sum(w) as s
  from (select aid, naid, epoch_us(nst) - epoch_us(ts) as w from instance where naid is not null)
  group by all;

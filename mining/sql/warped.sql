-- One row per instance and case that is in view, at moments of a clock that runs in working time only (`duty`).
-- `source.` is where all of them are. Moments keep their order; what lies outside working time takes none.
create temp table warped_instance as
select i.* exclude (start_ts, ts, nst),
  make_timestamp(a.before + least(epoch_us(i.start_ts), epoch_us(a.ends)) - epoch_us(a.begins)) as start_ts,
  make_timestamp(b.before + least(epoch_us(i.ts), epoch_us(b.ends)) - epoch_us(b.begins)) as ts,
  make_timestamp(c.before + least(epoch_us(i.nst), epoch_us(c.ends)) - epoch_us(c.begins)) as nst
from (select * from source.instance semi join kept using (cid)) i
asof join duty a on i.start_ts >= a.begins
asof join duty b on i.ts >= b.begins
asof left join duty c on i.nst >= c.begins;
create temp table warped_cv as
select v.* exclude (t0, t1),
  make_timestamp(a.before + least(epoch_us(v.t0), epoch_us(a.ends)) - epoch_us(a.begins)) as t0,
  make_timestamp(b.before + least(epoch_us(v.t1), epoch_us(b.ends)) - epoch_us(b.begins)) as t1
from (select * from source.cv semi join kept using (cid)) v
asof join duty a on v.t0 >= a.begins
asof join duty b on v.t1 >= b.begins;
create temp view warped_variant as select * from source.variant;

-- One row per raw event, shaped like the tables of activity instances; `source.` is the log.
create temp table activity as
  select aid, name from source.activity
  union all
  select (select count(*) from source.activity) + row_number() over (order by activity) - 1, activity
  from (select distinct activity from source.shaped where activity not in (select name from source.activity));
create temp table raw_case as
  select case_id, row_number() over (order by min(ts), min(n), case_id) - 1 as cid, min(n) as n0 from source.shaped group by case_id;
create temp table raw_instance as
  select c.cid, row_number() over w - 1 as pos, a.aid, r.rid, s.sid, e.ts as start_ts, e.ts, e.cost, e.n,
    lead(a.aid) over w as naid, lead(r.rid) over w as nrid, lead(e.ts) over w as nst,
    e.* exclude (n, source, source_row, case_id, activity, ts, start_ts, lifecycle, resource, cost, system)
  from source.shaped e
  join raw_case c using (case_id)
  join activity a on a.name = e.activity
  left join source.resource r on r.name = e.resource
  left join source.system s on s.name = e.system
  window w as (partition by c.cid order by e.ts, e.n)
  order by c.cid, pos;
create temp table raw_shape as
  select cid, min(start_ts) as t0, max(ts) as t1, count(*) as n, bit_xor(hash(aid::ubigint << 32 | pos)) as h,
    min(aid) filter (pos = 0) as sa, min(aid) filter (naid is null) as ea
  from raw_instance group by cid;
create temp table raw_variant as
  select (row_number() over (order by v.n desc, v.first) - 1)::uinteger as vid, v.h, v.n, v.acts
  from (
    select h, any_value(k.n) as n, min(k.first) as first, list(i.aid::uinteger order by i.pos) as acts
    from (select h, count(*) as n, min(cid) as first from raw_shape group by h) k
    join raw_instance i on i.cid = k.first
    group by h
  ) v;
create temp table raw_cv as
  select s.cid, c.case_id, s.t0, s.t1, s.n, v.vid, s.sa, s.ea, c.n0,
    o.* exclude (cid, case_id, t0, t1, n, vid, sa, ea, n0)
  from raw_shape s
  join raw_case c using (cid)
  join raw_variant v using (h)
  left join source.cv o on o.case_id = c.case_id
  order by s.cid;

-- One row per activity instance by start of its case and position, with names in place of numbers.
-- After the columns named here come the attributes of the instance (e0, e1, …) and of its case (c0, c1, …).
select
  cv.case_id as "case",
  activity.name as activity,
  resource.name as resource,
  instance.start_ts as start,
  instance.ts as "end",
  system.name as system,
  instance.cost as cost,
  instance.* exclude (cid, pos, aid, rid, sid, start_ts, ts, cost, n, naid, nrid, nst),
  cv.* exclude (cid, case_id, t0, t1, n, vid, sa, ea, n0)
from instance
join cv on cv.cid = instance.cid
join activity on activity.aid = instance.aid
left join resource on resource.rid = instance.rid
left join system on system.sid = instance.sid
order by cv.t0, cv.n0, cv.case_id, instance.pos

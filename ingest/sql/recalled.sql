-- One row per event of the touched cases, where each event is an instance and stays in its case: those that
-- were laid out are taken from there, which spares reading all events; the others came since, after arrival $last.
select n, case_id, a.name as activity, r.name as resource, s.name as system, cost, ts, start_ts,
       null::varchar as lifecycle, old.* exclude (cid, aid, rid, sid, n, cost, ts, start_ts, naid, nst)
from old
join gone using (cid)
join activity a using (aid)
left join resource r using (rid)
left join system s using (sid)
union all by name
select * exclude (source, source_row)
from shaped semi join touched_case using (case_id)
where n > $last

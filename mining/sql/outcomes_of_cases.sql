-- One row per case in view, by start: its number, id, variant, start in zone $tz, cycle time in seconds, whether it
-- passes the condition asked about (`false /* asked */` stands for it), and its attributes (c0, c1, …).
select cv.cid, cv.case_id, cv.vid, timezone($tz, timezone('UTC', cv.t0)) as started,
  (epoch_us(cv.t1) - epoch_us(cv.t0)) / 1e6 as duration_s, coalesce(false /* asked */, false) as hit,
  cv.* exclude (cid, case_id, t0, t1, n, vid, sa, ea, n0)
from cv
order by cv.t0, cv.cid

-- One row per case in view, with its attributes (c0, c1, …), in the order asked for; times in UTC.
select cv.case_id as "case", cv.t0 as start, cv.t1 as "end", (epoch_us(cv.t1) - epoch_us(cv.t0)) / 1e6 as duration_s,
  cv.n as events, cv.vid + 1 as variant, a.name as first, b.name as last,
  count(*) over () as total,
  cv.* exclude (cid, case_id, t0, t1, n, vid, sa, ea, n0)
from cv
join activity a on a.aid = cv.sa
join activity b on b.aid = cv.ea
order by
  case $sort when 'longest' then duration_s when 'events' then cv.n when 'newest' then epoch(cv.t0) end desc,
  cv.t0, cv.n0, cv.case_id
limit $top

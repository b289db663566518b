-- One row per resource with at least $least instances: when it works and how long it takes; of every
-- $every-th case. night: from 22 to 6; hours: hours of the day with at least 1 % of its work.
with work as (
    select i.rid, i.aid, epoch(i.ts - i.start_ts) as took_s,
           timezone($tz, timezone('UTC', i.ts)) as local
    from instance i where i.rid is not null and i.cid % $every = 0
), counted as (
    select rid, hour(local) as h, isodow(local) > 5 as weekend, count(*) as n from work group by all
), hours as (
    select rid, sum(n) as n, sum(n) filter (weekend) as weekend, sum(n) filter (h >= 22 or h < 6) as night
    from counted group by rid having sum(n) >= $least
), wide as (
    select rid, count(*) as hours
    from (select rid, h, sum(n) as n from counted group by rid, h) join (select rid, n as total from hours) using (rid)
    where n >= 0.01 * total group by rid
), spans as (
    select rid, count(*) filter (took_s > 0) as timed, count(*) filter (took_s > 0 and took_s < 1) as instant,
           mode(round(took_s)) filter (took_s > 0) as usual_s, count(distinct aid) as activities
    from work group by rid
), alike as (
    select rid, count(*) filter (took_s > 0 and abs(took_s - usual_s) <= 1) as alike from work join spans using (rid) group by rid
)
select r.name, h.n::bigint as n, coalesce(h.weekend, 0)::bigint as weekend, coalesce(h.night, 0)::bigint as night,
       w.hours, s.timed, s.instant, s.usual_s, a.alike, s.activities
from hours h join resource r using (rid) join wide w using (rid) join spans s using (rid) join alike a using (rid)
order by h.n desc

-- One row per case that says the same activity of the same resource at the same time more than once.
-- Equal instances lie next to each other or among others of the same time, so only cases with a
-- neighbour of the same start are grouped.
with suspect as (select distinct cid from instance where nst = start_ts)
select c.case_id, sum(k - 1)::bigint as again
from (
    select i.cid, count(*) as k
    from instance i semi join suspect s using (cid)
    group by i.cid, i.aid, i.rid, i.start_ts, i.ts having count(*) > 1
) r join cv c using (cid)
group by c.case_id order by c.case_id

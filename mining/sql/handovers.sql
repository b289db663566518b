-- One row per pair of resources where the second does the next step of a case: times seen, cases, and seconds
-- from the end of the one step to the start of the next, 0 where they overlap. Steps without a resource are left out.
select a.name as source, b.name as target, events, cases, mean / 1e6 as mean_s, median / 1e6 as median_s
from (
  select rid, nrid, count(*) as events, count(distinct cid) as cases, avg(w) as mean, quantile_cont(w, 0.5) as median
  from (
    select rid, nrid, cid, greatest(epoch_us(nst) - epoch_us(ts), 0) as w
    from instance where rid is not null and nrid is not null
  )
  group by rid, nrid
) pair
join resource a on a.rid = pair.rid
join resource b on b.rid = pair.nrid
order by events desc, source, target

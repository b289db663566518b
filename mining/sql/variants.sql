-- One row per variant in view, commonest first: cases, cycle times in seconds, activities by number.
select v.vid + 1 as variant, v.n as cases, v.n / sum(v.n) over () as share,
  t.mean / 1e6 as mean_s, t.q[1] / 1e6 as median_s, t.q[2] / 1e6 as p90_s,
  v.acts as activities,
  count(*) over () as total
from variant v
join (
  select vid, avg(w) as mean, quantile_cont(w, [0.5, 0.9]) as q
  from (select vid, epoch_us(t1) - epoch_us(t0) as w from cv)
  group by vid
) t using (vid)
where v.n > 0
order by v.n desc, v.vid
limit $top

-- One row: cycle times of the cases in view, in seconds, and the instances they have.
select count(*) as cases, avg(w) / 1e6 as mean_s, min(w) / 1e6 as min_s, max(w) / 1e6 as max_s,
  list_transform(quantile_cont(w, [0.25, 0.5, 0.75, 0.9, 0.95]), lambda q: q / 1e6) as quantiles,
  avg(n) as events_per_case
from (select epoch_us(t1) - epoch_us(t0) as w, n from cv)

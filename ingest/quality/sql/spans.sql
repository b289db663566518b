-- One row: how long the log and its cases last, in seconds, and how many instances a case has.
select count(*) as cases, epoch(max(t1) - min(t0)) as whole_s,
       quantile_cont(epoch(t1 - t0), 0.9) as long_s, median(n) as median_n,
       count(*) filter (n = 1) as single, max(n) as most,
       list(case_id order by cid) filter (n = 1) [1:3] as singles
from cv

-- One row: a quarter, half and three quarters of the passages of one flow took at most this many seconds.
select quantile_cont(w, [0.25, 0.5, 0.75]) as quartiles
from (
  select greatest(epoch_us(nst) - epoch_us(ts), 0) / 1e6 as w
  from instance
  where aid = (select aid from activity where name = $source)
    and naid = (select aid from activity where name = $target)
)

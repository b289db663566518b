-- One row per stretch of working time, in order: from, to (UTC), and the working microseconds before it.
-- A stretch without length at the beginning of time stands for every moment before the first.
create temp table duty as
select begins, ends, coalesce(sum(length) over (order by begins rows between unbounded preceding and 1 preceding), 0)::bigint
  as before
from (
  select begins, ends, epoch_us(ends) - epoch_us(begins) as length
  from (select make_timestamp(unnest($begins::bigint[])) as begins, make_timestamp(unnest($ends::bigint[])) as ends)
  union all
  select timestamp '0001-01-01', timestamp '0001-01-01', 0
);

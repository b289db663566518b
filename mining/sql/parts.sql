-- One row per activity instance, with its share of the pain. Times in hours.
-- waited: since everything before it in its case had ended. avoidable: beyond the quantile $best of the
-- same activity. work: its own duration, at most $longest. again: repeats an activity of its case.
-- rare: an activity that fewer than $rare of the cases have.
create or replace temp table part as
with timed as (
  select
    cid, pos, aid, rid, sid, start_ts, ts,
    greatest(0, epoch(start_ts - max(ts) over earlier) / 3600) as waited,
    least(epoch(ts - start_ts) / 3600, $longest) as work,
    row_number() over (partition by cid, aid order by pos) > 1 as again
  from instance
  window earlier as (partition by cid order by pos rows between unbounded preceding and 1 preceding)
),
per_activity as (
  select
    aid,
    coalesce(quantile_cont(waited, $best), 0) as best,
    count(distinct cid) < $rare * (select count(*) from cv) as rare
  from timed
  group by aid
)
select timed.*, greatest(0, waited - best) as avoidable, rare
from timed join per_activity using (aid)

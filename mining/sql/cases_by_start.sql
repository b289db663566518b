-- One row per case by start, ties in the order of arrival. started, ended: UTC; week: ISO week of it in zone $tz.
select
  case_id,
  vid,
  t0 as started,
  t1 as ended,
  strftime(timezone($tz, timezone('UTC', t0)), '%G-W%V') as week
from cv
order by t0, n0, case_id

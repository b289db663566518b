-- One row per case by start, ties in file order. started: UTC; week: ISO week of it in zone $tz.
select
  case_id,
  vid,
  t0 as started,
  strftime(timezone($tz, timezone('UTC', t0)), '%G-W%V') as week
from cv
order by cid

-- One row per case of an even sample: its activities as positions in order of frequency, and when each began
-- in seconds since 1970. Cases by start; every k-th is taken so that at most $cases are.
with numbered as (
  select aid, row_number() over (order by sum(times * n) desc, name) - 1 as position
  from (
    select vid, n, aid, count(*) as times
    from (select vid, n, unnest(acts) as aid from variant where n > 0)
    group by all
  )
  join activity using (aid)
  group by aid, name
),
sampled as (
  select cid, i from (select cid, row_number() over (order by t0, n0, case_id) - 1 as i, count(*) over () as total from cv)
  where i % ceil(total / $cases)::bigint = 0
)
select list(numbered.position order by pos) as positions, list(epoch_us(start_ts) / 1e6 order by pos) as at
from instance join sampled using (cid) join numbered using (aid)
group by i
order by i

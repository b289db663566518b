-- One row per occurrence of one flow in view, by when it began: when the step before ended and the step after began
-- (seconds since 1970), the quarter (0 to 3) that its duration lies in, and its case. Every k-th is kept, $most at most.
select left_at, came_at, quarter, case_id
from (
  select *, ntile(4) over (order by came_at - left_at, left_at, case_id) - 1 as quarter,
    row_number() over (order by left_at, case_id) - 1 as i, count(*) over () as total
  from (
    select cv.case_id, epoch_us(ts) / 1e6 as left_at, greatest(epoch_us(nst), epoch_us(ts)) / 1e6 as came_at
    from instance join cv using (cid)
    where aid = (select aid from activity where name = $source)
      and naid = (select aid from activity where name = $target)
  )
)
where i % ceil(total / $most)::bigint = 0
order by left_at, case_id

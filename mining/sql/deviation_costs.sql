-- One row per deviation (`deviating`: vid, deviation; -1 where the model accepts the variant): the cases that have
-- it, their median cycle time in seconds, and three of them, the longest first.
select d.deviation, count(*) as cases, median(epoch_us(cv.t1) - epoch_us(cv.t0)) / 1e6 as median_s,
  list(cv.case_id order by cv.t1 - cv.t0 desc, cv.t0, cv.case_id)[:3] as examples
from deviating d
join cv using (vid)
group by d.deviation
order by d.deviation

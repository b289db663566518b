-- One row per activity: how precise its times are and how many of them are impossible.
-- days: at one of the minutes of the day in $minutes, to the microsecond.
select aid, count(*) as n,
       count(*) filter (epoch_us(ts) % 60000000 = 0
                        and list_contains($minutes, (epoch_us(ts) % 86400000000) // 60000000)) as days,
       count(*) filter (ts < timestamp '1970-01-02') as early,
       count(*) filter (ts >= $late) as future
from instance group by aid

-- One row per time of day on a quarter of an hour: how many instances end at it, UTC.
select (epoch_us(ts) % 86400000000) // 60000000 as minute, count(*) as n
from instance where epoch_us(ts) % 900000000 = 0
group by minute order by n desc limit 8

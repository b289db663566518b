-- One row per activity that some case repeats: cases that do it again, how often beyond the first time, how often
-- directly after itself (self-loop), and how often after exactly one other activity (ping-pong).
select activity.name as activity, sum(n)::bigint as cases, sum((times - 1) * n)::bigint as repeats,
  sum(direct * n)::bigint as self_loops, sum(pings * n)::bigint as ping_pongs
from (
  select vid, n, aid, count(*) as times, count(*) filter (aid = before) as direct,
    count(*) filter (aid = before2 and aid <> before) as pings
  from (
    select vid, n, aid, lag(aid) over w as before, lag(aid, 2) over w as before2
    from (select vid, n, unnest(acts) as aid, generate_subscripts(acts, 1) as pos from variant where n > 0)
    window w as (partition by vid order by pos)
  )
  group by vid, n, aid
  having count(*) > 1
)
join activity using (aid)
group by activity.name
order by repeats desc, activity

-- One row per three activities that directly follow each other within a case. From variants alone.
select a.name as first, b.name as second, c.name as third, sum(times * n)::bigint as events
from (
  select n, aid, bid, cid, count(*) as times
  from (
    select vid, n, unnest(acts[:-3]) as aid, unnest(acts[2:-2]) as bid, unnest(acts[3:]) as cid
    from variant where n > 0 and len(acts) > 2
  )
  group by vid, n, aid, bid, cid
) triple
join activity a on a.aid = triple.aid
join activity b on b.aid = triple.bid
join activity c on c.aid = triple.cid
group by a.name, b.name, c.name

-- One row per activity instance of the log: the completing event, and the start it belongs to.
-- Where a source tells starts from completions, the k-th completion of an activity in a case ends the
-- k-th start that is still open: first among events of the same resource, then among the rest.
-- $ends: transitions that complete; $aborts: those that end a start and make no instance without one.
create temp table tagged as
select n, source, case_id, activity, resource, ts,
       case when lifecycle is null or not staged then 'end'
            when lifecycle = 'start' then 'start'
            when list_contains($ends, lifecycle) then 'end'
            when list_contains($aborts, lifecycle) then 'abort'
            else 'other' end as part
from event join (
    select source, bool_or(list_contains($ends, lifecycle)) as staged from event group by source
) using (source);

create temp table opened as
with balance as (       -- per activity and resource: how many starts and ends so far
    select *,
           count(*) filter (part = 'start') over w as starts,
           count(*) filter (part <> 'start') over w as ends
    from tagged where part in ('start', 'end', 'abort')
    window w as (partition by case_id, activity, resource order by ts, n rows unbounded preceding)
), waiting as (         -- lost: ends so far that found no open start
    select *, greatest(max(ends - starts) over w, 0) as lost
    from balance
    window w as (partition by case_id, activity, resource order by ts, n rows unbounded preceding)
), ranked as (
    select *, lag(lost, 1, 0) over w as lost_before
    from waiting
    window w as (partition by case_id, activity, resource order by ts, n)
)
select s.n as start_n, e.n as end_n
from ranked e join ranked s
  on e.case_id = s.case_id and e.activity = s.activity and e.resource is not distinct from s.resource
 and e.part <> 'start' and s.part = 'start' and e.lost = e.lost_before and s.starts = e.ends - e.lost;

insert into opened
with balance as (       -- the same again for what is left, whoever did it
    select *,
           count(*) filter (part = 'start') over w as starts,
           count(*) filter (part <> 'start') over w as ends
    from tagged
    where part in ('start', 'end', 'abort')
      and n not in (select start_n from opened) and n not in (select end_n from opened)
    window w as (partition by case_id, activity order by ts, n rows unbounded preceding)
), waiting as (
    select *, greatest(max(ends - starts) over w, 0) as lost
    from balance
    window w as (partition by case_id, activity order by ts, n rows unbounded preceding)
), ranked as (
    select *, lag(lost, 1, 0) over w as lost_before
    from waiting
    window w as (partition by case_id, activity order by ts, n)
)
select s.n, e.n
from ranked e join ranked s
  on e.case_id = s.case_id and e.activity = s.activity
 and e.part <> 'start' and s.part = 'start' and e.lost = e.lost_before and s.starts = e.ends - e.lost;

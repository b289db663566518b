-- One row per start and the completing event that ends it (`opened`), and per case with starts left (`unfinished`).
-- In a system that tells starts from completions, the k-th completion of an activity in a case ends the
-- k-th start that is still open: first among events of the same resource, then among the rest.
-- $ends: transitions that complete; $aborts: those that end a start and make no instance without one.
create or replace temp table tagged as
select n, case_id, activity, resource, ts,
       case when lifecycle is null or not staged then 'end'
            when lifecycle = 'start' then 'start'
            when list_contains($ends, lifecycle) then 'end'
            when list_contains($aborts, lifecycle) then 'abort'
            else 'other' end as part
from fresh join staging on staging.system = coalesce(fresh.system, '');

create or replace temp table opened as
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
select s.case_id, s.n as start_n, e.n as end_n
from ranked e join ranked s
  on e.case_id = s.case_id and e.activity = s.activity and e.resource is not distinct from s.resource
 and e.part <> 'start' and s.part = 'start' and e.lost = e.lost_before and s.starts = e.ends - e.lost;

insert into opened
with balance as (       -- the same again for what is left, whoever did it
    select *,
           count(*) filter (part = 'start') over w as starts,
           count(*) filter (part <> 'start') over w as ends
    from tagged
    anti join opened s on s.case_id = tagged.case_id and s.start_n = tagged.n
    anti join opened e on e.case_id = tagged.case_id and e.end_n = tagged.n
    where part in ('start', 'end', 'abort')
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
select s.case_id, s.n, e.n
from ranked e join ranked s
  on e.case_id = s.case_id and e.activity = s.activity
 and e.part <> 'start' and s.part = 'start' and e.lost = e.lost_before and s.starts = e.ends - e.lost;

create or replace temp table unfinished as
select case_id, count(*) as running
from tagged t anti join opened o on o.case_id = t.case_id and o.start_n = t.n
where part = 'start'
group by case_id;

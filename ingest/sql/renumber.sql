-- One row per variant whose number is another than its place: commonest first, ties by their first case.
-- The first case is looked for only where variants also began in the same moment.
create or replace temp table moved as
with counted as (
    select vid, n, t0, count(*) over (partition by n, t0) > 1 as tied
    from (select vid, count(*) as n, min(t0) as t0 from cv group by vid)
), firsts as (
    select vid, min(row(cv.n0, cv.case_id)) as first
    from cv join counted using (vid, t0)
    where tied
    group by vid
)
select vid, place
from (
    select vid, (row_number() over (order by n desc, t0, first) - 1)::uinteger as place
    from counted left join firsts using (vid)
)
where vid <> place;

update variant set vid = moved.place from moved where variant.vid = moved.vid;

update cv set vid = moved.place from moved where cv.vid = moved.vid;

-- One row per case that a filter keeps; `source.` is where all cases are, `passes` stands for its condition.
create temp table kept as
with
  cv as (select * from source.cv),
  variant as (select * from source.variant),
  instance as (select * from source.instance)
select cid from cv where passes

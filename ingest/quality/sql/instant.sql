-- One row: cases of three and more instances that all have one time; a few of their ids.
select count(*) as n, list(case_id order by cid)[1:3] as examples from cv where n >= 3 and t0 = t1

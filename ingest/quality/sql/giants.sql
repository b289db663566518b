-- One row per case with far more instances than others, the largest first.
select case_id, n from cv where n >= $least order by n desc, cid limit 100

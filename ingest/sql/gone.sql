-- One row per touched case that was there before (`gone`), and per activity instance of it (`old`).
create or replace temp table gone as select cid, vid, case_id from cv semi join touched_case using (case_id);

create or replace temp table old as select * exclude (pos, nrid) from instance semi join gone using (cid);

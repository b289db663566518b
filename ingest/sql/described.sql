-- One row per case of `numbered`: its attributes, of each the first source that has one.
create or replace temp table described as
select case_id, any_value(columns(* exclude (case_id, source)) order by source)
from shaped_trace semi join numbered using (case_id)
group by case_id;

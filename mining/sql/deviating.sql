-- One row per variant and deviation it has: its number $vids[i] beside $kinds[i]; -1 where the model accepts it.
create or replace temp table deviating as
select unnest($vids::uinteger[]) as vid, unnest($kinds::integer[]) as deviation

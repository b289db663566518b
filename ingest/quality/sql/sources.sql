-- One row per source of the log, in the order of loading.
select id, name, seen, loaded, set_aside, loaded_at from source order by id

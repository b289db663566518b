-- How far each log's own tables were migrated: the number of the newest file of schema/log applied to them.
alter table log add column version uinteger default 1;

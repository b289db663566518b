-- Filters that people saved under a name; `saved("NAME")` in a filter stands for one.
create table saved_filter(
  name varchar primary key,
  expression varchar not null,         -- CEL, as it was typed
  saved_at timestamp not null,         -- UTC
  saved_by varchar not null
);

-- What people changed about a log, and how its systems are joined. Raw events stay as they came; what
-- reads a log reads the views `shaped` and `shaped_trace`, which `ingest.shape.apply` makes afresh; there
-- `n` is unique in a case and not beyond, since a key that reaches several cases stands in each.

create table shape(                    -- one row per version of the steps; version 0 is the log as it came
  version uinteger primary key,
  parent uinteger not null,            -- the version it was made from
  made_at timestamp not null,               -- UTC
  made_by varchar not null,
  note varchar not null,
  steps json not null                  -- in order, as a mapping file says them
);
create table shape_move(               -- which version was in force since when; the last row is in force
  move uinteger primary key,
  version uinteger not null,
  made_at timestamp not null,
  made_by varchar not null
);
create table shape_taken(steps varchar primary key);   -- lists of steps that mapping files brought
create table keyed(                    -- one row per source that says what its case ids number
  id usmallint primary key,            -- of the source
  kind varchar,
  links json not null,                 -- kind of key to column
  way usmallint not null               -- sources with the same kind and links have the same
);
create table rooted(root varchar not null);   -- one row where sources have keys: which is the case
create table link(                     -- as rows of the sources tell it: this key goes with that one
  source usmallint not null,
  kind varchar not null,
  id varchar not null,
  other varchar not null,
  other_id varchar not null
);

-- Derived -------------------------------------------------------------------------------------------
create table chained(links ubigint not null, root varchar);   -- what `chain` was made from
create table chain(                    -- cases that a key other than the root reaches through its links
  kind varchar not null,
  id varchar not null,
  case_id varchar not null
);

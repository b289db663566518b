-- One row per score that a person set by hand; the newest of a candidate and score counts.
-- A row without `value` takes the override back.
create table override(
  id text not null primary key,
  candidate text not null,
  score text not null,                 -- frequency, pain or stability
  computed bigint not null,            -- what it was computed as when it was set
  value bigint,                        -- 1 to 5
  by_whom text not null,
  why text not null,
  at double precision not null         -- seconds since 1970, UTC
);
create index override_candidate on override(candidate);

-- One row per event log. Each log's tables live in the schema named here, made from ingest/schema/log.
create sequence log_number start 1;
create table log(
  name varchar primary key,            -- as the user typed it
  schema varchar not null unique,      -- generated, never the user's text
  tz varchar not null,                 -- IANA zone in which days, weeks and calendars are computed
  hash varchar not null,               -- SHA-256 over its sources' content, mappings and shaping
  timed boolean not null,              -- some activity instances have a start of their own
  paired boolean not null,             -- instances differ from events: start and complete were paired
  simulated boolean not null,          -- made by a sandbox: it may predict, and prove nothing
  plan varchar,                        -- the plan whose runs it holds, where it holds runs
  cases ubigint not null,
  events ubigint not null,             -- raw events
  instances ubigint not null,          -- activity instances
  activities uinteger not null,
  variants ubigint not null,           -- of raw events by activity name, as papers count
  instance_variants ubigint not null,  -- of activity instances in the order of their start
  first_at timestamp,                  -- UTC
  last_at timestamp,                   -- UTC
  loaded_at timestamp not null         -- UTC
);

-- One row per trigger: what starts runs of a plan. Every version of it is in the audit.
-- Moments are seconds since 1970-01-01 UTC.
create table plan_trigger(
  name text not null primary key,
  kind text not null,                  -- schedule, webhook, event, rows, run
  plan text not null,                  -- whose runs it starts
  revision bigint not null,            -- 1, 2, 3 …: each change of it
  spec text not null,                  -- JSON with a format of its own; secrets by reference only
  status text not null,                -- active, paused
  added double precision not null,
  added_by text not null,
  position text,                       -- how far its source was gone through, in the kind's own words
  due double precision,                -- when it is looked at next; null: it is told
  started bigint not null default 0,   -- runs it started
  known bigint not null default 0,     -- occurrences whose business key had started a run already
  skipped bigint not null default 0,   -- occurrences that its condition or filter did not want
  refused bigint not null default 0,   -- occurrences that could not start a run
  missed bigint not null default 0,    -- occurrences nobody was there for, left out as it asks
  fired_at double precision,           -- when it started a run last
  failures bigint not null default 0,  -- errors in a row
  error text,                          -- the last of them
  error_at double precision
);
-- One row per occurrence, written in the transaction that starts its run: what comes again is known by it.
create table occurrence(
  trigger_name text not null,
  id text not null,                    -- webhook-id, moment, source and id of a CloudEvent, row, run, …
  at double precision not null,        -- when it was dealt with
  outcome text not null,               -- started, known, skipped, refused, missed
  run text,                            -- the run it started, now or earlier under the same key
  depth bigint not null default 0,     -- runs in a row that were started by the end of another
  detail text not null default '',     -- why it was refused, or who fired it by hand
  primary key (trigger_name, id)
);
create index occurrence_at on occurrence(trigger_name, at);
create index occurrence_run on occurrence(run) where run is not null;
-- Runs that triggers have under way.
create index run_triggered on run(started_by) where status = 'open' and substr(started_by, 1, 8) = 'trigger:';

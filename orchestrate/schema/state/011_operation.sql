-- What operating many runs needs: whose turn it is, what keeps a run from its turn, and the systems that are
-- protected from too many calls.
alter table run add column priority bigint not null default 1;   -- 0 low, 1 normal, 2 high, 3 urgent
alter table run add column since double precision not null default 0; -- a parked run waits for its turn since then
alter table run add column recoveries bigint not null default 0; -- times in a row that driving it broke off
alter table run add column stuck text;                           -- why nobody drives it until it is released
alter table run add column held text;                            -- what a parked run's next attempt waits for
update run set since = case when due = 0 then started else due end where due is not null;
drop index run_due;
create index run_due on run(due, since)
  where owner is null and status = 'open' and simulated = 0 and due is not null;
create index run_turn on run(priority, since)
  where owner is null and status = 'open' and simulated = 0 and due is not null;
create index run_stuck on run(id) where stuck is not null;
create index run_ended on run(ended) where ended is not null;
-- One row per protected system; its lock puts those who want to call the system in a line.
create table system_state(
  name text not null primary key,
  breaker text not null default 'closed',        -- closed, open, trying
  since double precision not null default 0,     -- when the breaker came into that state
  recent text not null default '',               -- newest outcomes, the last one at the end: 0 well, 1 failed
  retry_at double precision not null default 0,  -- open: when one attempt may try it; trying: until when it may
  probe text not null default '',                -- the attempt that tries it
  free_at double precision not null default 0,   -- when the rate allows the next call
  openings bigint not null default 0,            -- times the breaker has opened
  error text not null default ''                 -- what it said last when a call failed
);
-- One row per attempt that has a place at a protected system, or waits for one.
create table system_place(
  system text not null,
  attempt text not null,               -- run:node:visit:attempt
  run text not null,
  worker text not null,
  asked double precision not null,     -- since when it wants a place
  begins double precision,             -- when it may call; null while it waits
  ends double precision not null,      -- when its place, or its wait, is no longer counted
  primary key (system, attempt)
);
create index system_place_waiting on system_place(system, asked) where begins is null;
create index system_place_taken on system_place(system) where begins is not null;
create index system_place_run on system_place(run);
create index system_place_worker on system_place(worker);

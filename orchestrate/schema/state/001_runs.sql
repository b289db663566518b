-- One row per run. Moments in this file are seconds since 1970-01-01 UTC (double precision), so that
-- "what is due" is one comparison on both databases. There are no foreign keys between these tables:
-- whatever writes journal, inbox or task has locked the run's row in the same transaction.
create table run(
  id text not null primary key,
  plan text not null,
  version bigint not null,
  key text,                            -- business key: starts a run of this plan once
  simulated bigint not null default 0, -- 1: made by the sandbox; no worker ever takes it
  status text not null default 'open', -- open, done, cancelled
  rev bigint not null default 0,       -- journal entries so far
  state text not null,                 -- JSON: what the core made of the journal
  fence bigint not null default 0,     -- counts owners; a commit under an older one is refused
  owner text,                          -- worker that drives it now; null while it is parked
  head bigint not null default 0,      -- newest inbox event
  seen bigint not null default 0,      -- newest inbox event in the journal
  due double precision,                -- when a parked run goes on by itself; 0 is at once
  started double precision not null,
  started_by text not null default '',
  ended double precision
);
create unique index run_key on run(plan, simulated, key) where key is not null;
create index run_due on run(due) where owner is null and status = 'open' and simulated = 0 and due is not null;
create index run_owner on run(owner) where owner is not null;
create index run_plan on run(plan, started);
-- One row per event that a run went through: the only truth. Replaying them gives run.state.
create table journal(
  run text not null,
  rev bigint not null,                 -- 1, 2, 3 … without gaps
  format bigint not null default 1,
  at double precision not null,        -- the moment the core was told
  kind text not null,                  -- started, succeeded, failed, decided, tick, refused, …
  event text not null,                 -- JSON: the whole event
  node text,                           -- plan node it is about
  visit bigint,                        -- which visit of that node, from 1
  attempt bigint,
  activity text,                       -- name of the step
  system text,
  resource text,                       -- person or connector that did the work
  enabled double precision,            -- when the step could have begun
  begun double precision,              -- when work on it began
  outcome text,
  completes bigint not null default 0, -- 1: this entry ends a visit of a step
  fence bigint not null,               -- owner number that wrote it
  worker text not null default '',
  primary key (run, rev)
);
-- One row per event sent to a run from outside; seq comes from run.head, never from a sequence.
create table inbox(
  run text not null,
  seq bigint not null,
  kind text not null,                  -- decided, event, cancel, pause, resume, side, …
  payload text not null,               -- JSON
  at double precision not null,
  primary key (run, seq)
);
-- One row per thing a person is asked to do or decide.
create table task(
  id text not null primary key,        -- run id and number: run-1hq2v7k3m8x4.2
  run text not null,
  plan text not null,
  version bigint not null,
  key text,                            -- business key of the run
  simulated bigint not null default 0,
  node text not null,                  -- step or choice
  visit bigint not null,
  kind text not null,                  -- step, choice, loop, manual, side
  name text not null,
  reason text not null default '',     -- for manual: why the run came here
  role text,
  assignee text,                       -- who claimed it or was given it
  status text not null default 'open', -- open, done, closed (no longer needed)
  opened double precision not null,
  due double precision,
  reminders bigint not null default 0,
  level bigint not null default 0,     -- escalations so far
  outcomes text not null,              -- JSON list of what may be decided; empty: done is done
  context text not null,               -- JSON: instructions, data, form, shares, past outcomes
  outcome text,
  output text,                         -- JSON: what the person filled in
  decided_by text,
  decided_at double precision,
  note text
);
create index task_open on task(status, due);
create index task_role on task(role, status);
create index task_run on task(run);
-- One row per remark on a task.
create table comment(
  task text not null,
  n bigint not null,
  at double precision not null,
  who text not null,
  body text not null,
  primary key (task, n)
);
-- One row per thing somebody should look at; each is raised once.
create table alert(
  run text not null,
  kind text not null,                  -- late, contract, manual, …
  node text not null default '',
  visit bigint not null default 0,
  at double precision not null,
  message text not null,
  primary key (run, kind, node, visit)
);
create index alert_at on alert(at);
-- One row per living worker. Its runs are taken over when it stays silent for too long.
create table worker(
  id text not null primary key,
  beat double precision not null,      -- by the database's clock
  since double precision not null,
  host text not null default '',
  pid bigint not null default 0,
  driver text not null default ''
);
-- One row per activity instance that a run completed: what reading runs back as an event log is built on.
create view run_event as
select j.run as case_id, j.rev, r.plan, r.version, r.key as business_key, r.simulated, r.status,
  j.activity, j.node, j.visit, j.attempt, j.system, j.resource, j.outcome,
  j.enabled, coalesce(j.begun, j.at) as started, j.at as ended
from journal j join run r on r.id = j.run
where j.completes = 1;

-- One row: what signs the links that systems and people answer by, where the settings name no key.
create table signing_key(only_row integer primary key check (only_row = 1), secret text not null);
-- One row per notification of a step: sent once, however often its attempt is made.
create table notification(
  key text not null primary key,       -- idempotency key of the step's visit
  run text not null,
  node text not null,
  visit bigint not null,
  plan text not null,                  -- name@version
  step text not null,                  -- name of the step
  services text not null,              -- JSON: kinds of the services it goes through, without addresses
  parts text not null default '[]',    -- JSON: numbers of the services that have taken it
  attempt bigint not null,             -- the attempt that sent it
  begun double precision not null,
  sent double precision,               -- when the last service had taken it; null while some have not
  expected double precision,           -- when it should be acknowledged by; null: nobody is asked to
  acknowledged double precision,
  acknowledged_by text
);
create index notification_plan on notification(plan, begun);
-- One row per score that a model gave a step; what a person decided of it stands in its task.
create table model_score(
  key text not null primary key,       -- idempotency key of the step's visit
  model text not null,
  version text not null,               -- as the model says it
  run text not null,
  node text not null,
  visit bigint not null,
  plan text not null,                  -- name@version
  at double precision not null,
  label text not null,
  confidence double precision not null,
  answer text not null,                -- JSON: all that the model said
  band text not null,                  -- accept, ask, reject: what the confidence alone means
  went text not null                   -- accept, ask, reject, manual, blind (checked by a person who was not told)
);
create index model_score_at on model_score(model, version, at);
create index model_score_run on model_score(run, node, visit);
-- One row per model and version that has lost trust, until a person gives it back.
create table model_trust(
  model text not null,
  version text not null,
  trusted bigint not null,             -- 0: everything it says goes to a person
  since double precision not null,     -- blind checks before this count no more
  reason text not null,
  by_whom text not null,
  primary key (model, version)
);
-- One row per score with what a person decided of the same visit.
create view model_judgement as
select s.*, t.id as task, t.outcome as decided, t.decided_by, t.decided_at
from model_score s
left join task t on t.run = s.run and t.node = s.node and t.visit = s.visit and t.status = 'done'
  and t.kind = 'step';
-- One row per step that waits for an event of a broker.
create table awaited(
  run text not null,
  node text not null,
  visit bigint not null,
  attempt bigint not null,
  address text not null,               -- of queue or topic: a reference, or without a password
  type text,                           -- of the CloudEvent; null is any
  field text not null,                 -- path in the event, such as data.order
  value text not null,                 -- JSON
  condition text,                      -- CEL over `event`
  since double precision not null,
  primary key (run, node, visit)
);
create index awaited_value on awaited(address, field, value);
-- One row per queue or topic that steps wait on; its lock puts who waits and what comes in a line.
create table awaited_address(address text not null primary key);
-- One row per event that came from a broker: known by source and id, kept for steps that wait only later.
create table heard(
  address text not null,
  source text not null,
  id text not null,
  type text not null,
  at double precision not null,
  event text not null,                 -- JSON
  primary key (address, source, id)
);
create index heard_at on heard(at);
-- One row per value inside an event, so that those a step waits for are found without reading all.
create table heard_value(
  address text not null,
  field text not null,
  value text not null,
  source text not null,
  id text not null,
  primary key (address, source, id, field)
);
create index heard_value_found on heard_value(address, field, value);
-- One row per event that a step took: a step takes an event once, however often it waits.
create table event_taken(
  run text not null,
  node text not null,
  address text not null,
  source text not null,
  id text not null,
  primary key (run, node, address, source, id)
);

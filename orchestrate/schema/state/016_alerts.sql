-- What became of an alert: whether its cause is over, who has settled it, and which message told it.
alter table alert add column raised double precision not null default 0; -- last; `at` is when it was first
alter table alert add column ended double precision;   -- when its cause was found to be over
alter table alert add column settled double precision; -- when somebody settled it
alter table alert add column settled_by text;
alter table alert add column note text;
alter table alert add column message_id text;          -- the message that tells it, see alert_message
update alert set raised = at;
create index alert_raised on alert(raised);
create index alert_standing on alert(raised) where ended is null;
create index alert_untold on alert(raised) where ended is null and message_id is null;
create index alert_told on alert(message_id) where message_id is not null;
-- One row per message that tells people about alerts.
create table alert_message(
  id text not null primary key,
  subject text not null,               -- what its alerts have in common: a run, a system, a trigger; '' many
  summary bigint not null default 0,   -- 1: tells all that was left over
  made double precision not null,
  due double precision not null,       -- when it may be sent; later while somebody sends it, or after a failure
  tries bigint not null default 0,
  parts text not null default '[]',    -- JSON: references of the addresses that have taken it
  sent double precision,               -- when it was settled: all have taken it, or nothing of it stands any more
  error text                           -- what the last try said, by reference, never by address
);
create index alert_message_made on alert_message(made);
create index alert_message_unsent on alert_message(due) where sent is null;

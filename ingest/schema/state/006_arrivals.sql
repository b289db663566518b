-- Events that were pushed or consumed, until they are loaded. A queue is a named source, or push:LOG.
-- Its row is locked by whoever adds to it, so that the order of `seq` is the order of commits.
create table arrival_queue(
  queue text not null primary key,
  log text not null,                   -- the log it fills
  head bigint not null default 0,      -- newest seq given out
  waiting bigint not null default 0    -- arrivals with a payload
);
-- One row per event, known by (log, source, id) for as long as it is kept: what comes again is ignored.
create table arrival(
  queue text not null,
  seq bigint not null,
  log text not null,
  source text not null,                -- CloudEvent source, or the queue
  id text not null,                    -- CloudEvent id, message id, or digest of the payload
  payload text,                        -- JSON as it came; null once it was loaded or given up
  received_at double precision not null, -- seconds since 1970-01-01 UTC
  tries bigint not null default 0,     -- attempts to load it that failed
  primary key (queue, seq)
);
create unique index arrival_id on arrival(log, source, id);
create index arrival_waiting on arrival(queue, seq) where payload is not null;
create index arrival_past on arrival(received_at) where payload is null;
-- One row per partition of a topic: what is before `next_offset` has arrived, in the same transaction.
create table arrival_offset(
  queue text not null,
  topic text not null,
  part bigint not null,
  next_offset bigint not null,
  primary key (queue, topic, part)
);
-- One row per event that could not be loaded, with the reason; people send it again or discard it.
create table dead_letter(
  id text not null primary key,
  queue text not null,
  log text not null,
  source text not null,
  event_id text not null,
  payload text not null,
  reason text not null,
  tries bigint not null,
  received_at double precision not null,
  failed_at double precision not null
);
create index dead_letter_log on dead_letter(log, failed_at);

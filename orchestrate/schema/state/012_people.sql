-- One row per person whom tasks can be given to; moments are seconds since 1970, UTC.
create table person(
  login text not null primary key,
  deputy text,                         -- login of who stands in
  away_from double precision,          -- out of office from then on; null: not planned
  away_to double precision,            -- until then; null: until further notice
  is_away bigint not null default 0,   -- 1: the tasks of this absence were handed to the deputy
  active bigint not null default 1,    -- 0: gets nothing any more
  added double precision not null
);
create index person_away on person(away_from) where away_from is not null;
-- One row per role and skill of a person.
create table person_tag(
  login text not null,
  kind text not null,                  -- role, skill
  tag text not null,
  primary key (login, kind, tag)
);
create index person_tag_of on person_tag(kind, tag);
-- One row per pool of people that takes turns; the row '' puts everybody who assigns in a line.
create table rotation(
  pool text not null primary key,      -- JSON: role and skill
  latest text not null                 -- login of who was given the last task
);
insert into rotation values ('', '');
-- Who may have a task, beside its role and assignee: people with this skill,
alter table task add column skill text;
-- with 1 whomever it is handed to, and nobody by taking it,
alter table task add column by_hand bigint not null default 0;
-- nobody who did one of these nodes in the run: |step|!starter|.
alter table task add column apart text not null default '';
-- Who is away and gets it back from the deputy.
alter table task add column stands_for text;
create index task_person on task(assignee, status);
create index task_page on task(status, (coalesce(due, 1e18)), id);
-- One row per file that somebody attached to a task; the bytes lie in the home, under their SHA-256.
create table attachment(
  task text not null,
  n bigint not null,                   -- 1, 2, 3 … in the task
  run text not null,
  sha256 text not null,
  file text not null,                  -- as its sender called it, made safe
  size bigint not null,
  at double precision not null,
  who text not null,
  primary key (task, n)
);
create index attachment_run on attachment(run);
create index attachment_sha256 on attachment(sha256);

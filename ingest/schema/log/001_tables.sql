-- The tables of one log. Times are UTC. Columns for attributes are added as they appear: e0, e1, … on
-- `event` and `instance`, c0, c1, … on `trace` and `cv`; `attribute` says which name each stands for.

-- Raw, append-only ---------------------------------------------------------------------------------
create table source(
  id usmallint primary key,
  name varchar not null,               -- file name or address without secrets
  adapter varchar not null,
  system varchar,
  mapping json not null,
  hash varchar not null,               -- SHA-256 of the content
  seen ubigint not null,
  loaded ubigint not null,
  set_aside ubigint not null,
  loaded_at timestamp not null
);
create table event(
  n ubigint not null,                  -- order of arrival; breaks ties of time
  source usmallint not null,
  source_row ubigint not null,
  case_id varchar not null using compression uncompressed,   -- most differ: packing takes long
  activity varchar not null,
  ts timestamp not null,               -- completion, or the only time there is
  start_ts timestamp,
  lifecycle varchar,                   -- lower case: start, complete, …
  resource varchar,
  cost double,
  system varchar
);
create table trace(source usmallint not null, case_id varchar not null);
create table attribute(
  name varchar not null,
  scope varchar not null,              -- case or event
  type varchar not null,               -- text, number, boolean or time
  col varchar not null,                -- c0, e0, …
  primary key (scope, name)
);
create table finding(source usmallint, code varchar, severity varchar, count ubigint, message varchar, place varchar);
create table set_aside(source usmallint, place varchar, col varchar, reason varchar, row json);

-- Derived, replaced per touched case ---------------------------------------------------------------
create table activity(aid uinteger primary key, name varchar not null unique);
create table resource(rid uinteger primary key, name varchar not null unique);
create table system(sid uinteger primary key, name varchar not null unique);
create table instance(                 -- one row per activity instance, sorted by (cid, pos)
  cid uinteger not null,
  pos uinteger not null,               -- 0-based, by start, then end, then arrival
  aid uinteger not null,
  rid uinteger,
  sid uinteger,
  start_ts timestamp not null,         -- equals ts where no start is known
  ts timestamp not null,
  cost double,
  n ubigint not null,                  -- arrival number of the completing event
  naid uinteger,                       -- activity, resource and start of the next instance of the case
  nrid uinteger,
  nst timestamp
);
create table cv(                       -- one row per case
  cid uinteger not null,               -- numbered by first timestamp, ties by arrival
  case_id varchar not null,
  t0 timestamp not null,               -- start of the first instance
  t1 timestamp not null,               -- latest end
  n uinteger not null,                 -- activity instances
  vid uinteger not null,
  sa uinteger not null,                -- first and last activity
  ea uinteger not null
);
create table variant(                  -- one row per distinct sequence of activities
  vid uinteger not null,
  h ubigint not null,                  -- bit_xor of hash(aid << 32 | pos)
  n ubigint not null,                  -- cases
  acts uinteger[] not null
);
create table edge(                     -- mergeable: any quantile of a flow's waiting within 1 %
  aid uinteger not null,
  naid uinteger not null,
  b smallint not null,                 -- floor(ln(microseconds) / 0.0198026), -1 for none or less
  n bigint not null,
  s hugeint not null                   -- sum of microseconds
);

-- What merging new events into the derived tables needs to know of every case and of every system.

alter table cv add column n0 ubigint;    -- smallest arrival number among its instances: breaks ties of t0
update cv set n0 = first.n0 from (select cid, min(n) as n0 from instance group by cid) first
where cv.cid = first.cid;

create table staging(                    -- one row per system; none: the tables must be made afresh
  system varchar not null,               -- '' where an event names none
  staged boolean not null,               -- its lifecycle tells what completes, so starts can be paired
  began boolean not null                 -- it has transitions that do not complete
);
create table raw_case(                   -- one row per case, where instances differ from events; else none
  case_id varchar not null,
  n uinteger not null,                   -- raw events
  h ubigint not null,                    -- fingerprint of their activities in the order of time
  first_at timestamp not null,
  last_at timestamp not null,
  running uinteger not null              -- starts that no completion belongs to
);

-- What the log is read through: its events and cases as the shaping steps leave them.
create or replace view shaped as select * from event;
create or replace view shaped_trace as select * from trace;

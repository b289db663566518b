-- One row per action that somebody took: append-only, each row chained to the one before it by its hash.
create table audit(
  seq bigint primary key,              -- 1, 2, 3 … without gaps
  format integer not null,
  at text not null,                    -- ISO 8601, UTC
  action text not null,                -- publish, bind, start, decide, …
  actor text not null,                 -- who; empty after an erasure
  subject text not null,               -- what: plan@version, run or task; empty after an erasure
  detail text,                         -- canonical JSON; null after an erasure
  salt text,                           -- keeps the digest of short personal data from being guessed
  digest text not null,                -- SHA-256 of salt, actor, subject and detail
  hash text not null                   -- SHA-256 of the previous row's hash and this row without its content
);
create index audit_subject on audit(subject, seq);
-- One row: the end of the chain. Its lock puts writers in a line.
create table audit_head(only_row integer primary key check (only_row = 1), seq bigint not null, hash text not null);
insert into audit_head values (1, 0, '');

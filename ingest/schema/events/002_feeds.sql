-- One row per named source: where events of a log come from again and again, and how far it was read.
create table feed(
  name varchar primary key,            -- as the user typed it
  log varchar not null,                -- the log it fills
  request json not null,               -- what `ingest` is asked at each pull; holds the mapping's text, no secret
  cursor_column varchar,               -- column that tells new rows from old ones
  overlap varchar,                     -- how far behind the newest row reading begins again: 10m, or a number
  every_s double,                      -- seconds between two pulls by the service; null: only when asked
  position varchar,                    -- where to go on, in the adapter's own words
  digest varchar,                      -- SHA-256 of what was read last
  held usmallint,                      -- the source of the log that holds what was read
  added_at timestamp not null,         -- UTC, as all that follow
  tried_at timestamp,                  -- last pull, however it ended
  fresh_at timestamp,                  -- last pull that succeeded: the log knows the source as of then
  status varchar,                      -- of the last pull: ok, ok_warn, quarantine, reject, failed
  message varchar,                     -- of the last pull
  pulls ubigint not null,              -- pulls that succeeded
  loaded ubigint not null,             -- rows of it that are events of the log
  failures uinteger not null,          -- pulls that failed in a row; 0 after a success
  due_at timestamp                     -- when the service pulls next; null: only when asked
);

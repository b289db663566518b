-- One row: what was found about this log, and what it was found in.
create or replace table kept_quality(key varchar not null, payload json not null)

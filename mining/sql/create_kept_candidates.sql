-- One row: the candidates of this log as last computed, and what they were computed from.
create or replace table kept_candidates(key varchar not null, payload json not null)

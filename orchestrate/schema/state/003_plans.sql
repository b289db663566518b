-- One row per plan; its lock puts publishers of one plan in a line.
create table plan(name text primary key, latest integer not null);
-- One row per published version of a plan. Never changed, never deleted.
create table plan_version(
  plan text not null references plan(name),
  version integer not null,            -- 1, 2, 3 …
  sha256 text not null,                -- of content
  content text not null,               -- the plan as canonical JSON
  log text,                            -- the log it was mined from
  owner text not null,
  owner_confirmed integer not null,    -- 0 or 1
  gate text not null,                  -- pass, fail, no history, unchanged (a version that only binds steps)
  reasons text not null,               -- JSON: what the gate said
  override_reason text,                -- why it was published although the gate failed, and on whose word
  override_by text,
  published_at text not null,          -- ISO 8601, UTC
  published_by text not null,
  primary key (plan, version)
);

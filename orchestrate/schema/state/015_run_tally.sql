-- One row per plan and state: runs that were deleted after they had ended, so that counts never decrease.
create table run_tally(
  plan text not null,
  status text not null,                -- done, cancelled …
  n bigint not null,
  primary key (plan, status)
);
create index audit_actor on audit(actor, seq);
create index audit_action on audit(action, seq);

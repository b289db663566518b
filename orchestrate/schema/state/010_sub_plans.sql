-- Which attempt of which step called a run, for runs of sub-plans. A run that was called has the business
-- key of its caller, so that all that is done for an order is found by the order's number.
alter table run add column parent text;              -- run that called this one
alter table run add column parent_node text;
alter table run add column parent_visit bigint;
alter table run add column parent_attempt bigint;
create unique index run_parent on run(parent, parent_node, parent_visit, parent_attempt)
  where parent is not null;
drop index run_key;
create unique index run_key on run(plan, simulated, key) where key is not null and parent is null;

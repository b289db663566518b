-- One row per run, as the event log of the runs has its cases; `run_event` has their events.
create view run_case as
select id as case_id, plan, version, key as business_key, simulated, status,
  started, ended,                      -- seconds since 1970 UTC; ended is null while it runs
  state                                -- JSON; its `data` is what the run was started with and what steps wrote
from run;

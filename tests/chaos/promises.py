"""The promises that every world has to keep, whatever went wrong in it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from orchestrate.core.events import parse_event
from orchestrate.core.machine import replay
from tests.chaos.virtual import World

STRANDED = """
select r.id from run r where r.status = 'open' and r.owner is null and r.due is null
and json_extract(r.state, '$.paused') is null
and not exists (select 1 from task t where t.run = r.id and t.status = 'open' and t.kind <> 'side'
                and (t.role is not null or t.assignee is not null))
and not exists (select 1 from run c where c.parent = r.id and c.status = 'open')"""
"""Parked runs that nothing named will ever move on."""


def findings(world: World) -> Iterator[str]:
    """Every promise that was broken."""
    yield from dict.fromkeys(world.violations)
    runs = world.store.rows("select * from run order by id")
    for run in runs:
        yield from _of_run(world, run)
    called = Counter(
        (row["run"], row["node"], row["visit"], row["attempt"])
        for row in world.store.rows("select * from journal where kind = 'called'")
    )
    started = Counter(
        (run["parent"], run["parent_node"], run["parent_visit"], run["parent_attempt"])
        for run in runs
        if run["parent"]
    )
    if called != started:
        yield f"calls that were journaled {called - started}, runs that nobody called {started - called}"


def _of_run(world: World, run: dict[str, Any]) -> Iterator[str]:
    name = run["id"]
    rows = world.store.rows("select * from journal where run = :run order by rev", run=name)
    if run["status"] == "open":
        yield f"{name}: does not end; it is in {json.loads(run['state']).get('open')}"
    if [row["rev"] for row in rows] != list(range(1, run["rev"] + 1)):
        yield f"{name}: its journal has gaps"
    done = Counter((row["node"], row["visit"]) for row in rows if row["completes"])
    yield from (f"{name}: {visit} was completed {n} times" for visit, n in done.items() if n > 1)
    accepted = [(parse_event(row["event"]), row["at"]) for row in rows if row["kind"] != "refused"]
    if replay(world.indexes[run["plan"]], accepted) != json.loads(run["state"]):
        yield f"{name}: its journal leads to another state than its row has"
    yield from _unheard(world, name, rows)
    if run["status"] != "open":
        left = world.store.rows("select id from task where run = :run and status = 'open'", run=name)
        yield from (f"{name}: has ended, and task {task['id']} is open" for task in left)
    for task in world.store.rows("select * from task where run = :run", run=name):
        if task["due"] is None and not (task["role"] or task["assignee"]):
            yield f"{name}: task {task['id']} has neither a due time nor an owner"


def _unheard(world: World, run: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Decisions that were accepted and did not count, though nobody cancelled the run or sent it back."""
    posted = world.store.rows("select kind, payload from inbox where run = :run", run=run)
    outcomes = [json.loads(row["payload"])["outcome"] for row in posted if row["kind"] == "decided"]
    if "cancel" in outcomes or {"cancel", "go_back"} & {row["kind"] for row in posted}:
        return
    # Whether a late run goes on may be moot by the time it is answered: it has ended meanwhile.
    asked = "select id from task where run = :run and node <> ''"
    tasks = {row["id"] for row in world.store.rows(asked, run=run)}
    for row in rows:
        event = json.loads(row["event"])
        if row["kind"] == "refused" and event["kind"] == "decided" and event["task"] in tasks:
            said = f"{event['outcome']!r} was accepted for {event['task']}"
            yield f"{run}: {said}, then refused: {row['outcome']}"

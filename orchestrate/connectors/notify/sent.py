"""What was sent: each notification once, and whether somebody has acknowledged it."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from home.database import Database
from orchestrate.connectors.port import Work

CLAIM = (
    "insert into notification(key, run, node, visit, plan, step, services, attempt, begun)"
    " values (:key, :run, :node, :visit, :plan, :step, :services, :attempt, :at) on conflict (key) do nothing"
)
AGAIN = (
    "update notification set attempt = :attempt, parts = '[]', sent = null, expected = null where key = :key"
    " and attempt < :attempt and sent is not null and acknowledged is null and expected <= :at"
)
"""A new attempt of a notification that was ignored sends it again; any other only what was not sent."""
PART = "update notification set parts = :parts where key = :key"
SENT = "update notification set sent = :at, expected = :expected where key = :key"


@dataclass(frozen=True)
class Notification:
    """How far a notification is."""

    parts: frozenset[int]
    """Numbers of the services that have it."""
    sent: bool
    acknowledged: bool


def begin(state: Database, work: Work, services: list[str], at: float) -> Notification:
    """The notification of this step's visit, made if it is new."""
    facts: dict[str, Any] = {"key": work.key, "run": work.run, "node": work.node, "visit": work.visit}
    facts |= {"plan": work.plan, "step": work.step.name, "attempt": work.attempt, "at": at}
    with state.transaction() as connection:
        connection.execute(text(CLAIM), facts | {"services": json.dumps(services)})
        connection.execute(text(AGAIN), {name: facts[name] for name in ("key", "attempt", "at")})
        row = connection.execute(text("select * from notification where key = :key"), {"key": work.key})
        found = row.mappings().one()
    return Notification(
        frozenset(json.loads(found["parts"])), found["sent"] is not None, found["acknowledged"] is not None
    )


def took(state: Database, key: str, number: int) -> None:
    """One service has it."""
    with state.transaction() as connection:
        lock = text("update notification set key = key where key = :key returning parts")
        parts = set(json.loads(connection.execute(lock, {"key": key}).scalar_one()))
        connection.execute(text(PART), {"key": key, "parts": json.dumps(sorted(parts | {number}))})


def finish(state: Database, key: str, at: float, expected: float | None) -> None:
    """All services have it; it is to be acknowledged by `expected`."""
    state.execute(SENT, {"key": key, "at": at, "expected": expected})

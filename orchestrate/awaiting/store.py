"""Who waits for which event, and which events have come: matched in one transaction, whichever was first."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.database import Database
from orchestrate.awaiting.callbacks import answered
from orchestrate.connectors.port import Work
from orchestrate.core.rules import RuleError, compile_rule
from orchestrate.people.approvals import TooLate

DEEPEST = 4
"""Levels of an event that steps can wait by."""
MOST_FIELDS = 60
LONGEST = 200
"""Characters of a value that steps can wait by."""
ONE_BY_ONE = (
    "insert into awaited_address(address) values (:address)"
    " on conflict (address) do update set address = excluded.address"
)
WAIT = (
    "insert into awaited(run, node, visit, attempt, address, type, field, value, condition, since)"
    " values (:run, :node, :visit, :attempt, :address, :type, :field, :value, :condition, :since)"
    " on conflict (run, node, visit) do update set attempt = excluded.attempt"
)
CAME = (
    "select h.* from heard_value v"
    " join heard h on h.address = v.address and h.source = v.source and h.id = v.id"
    " where v.address = :address and v.field = :field and v.value = :value"
    " and not exists (select 1 from event_taken t where t.run = :run and t.node = :node"
    " and t.address = h.address and t.source = h.source and t.id = h.id) order by h.at, h.id"
)
HEARD = (
    "insert into heard(address, source, id, type, at, event)"
    " values (:address, :source, :id, :type, :at, :event) on conflict do nothing"
)
VALUE = (
    "insert into heard_value(address, field, value, source, id)"
    " values (:address, :field, :value, :source, :id) on conflict do nothing"
)
TAKEN = (
    "insert into event_taken(run, node, address, source, id)"
    " values (:run, :node, :address, :source, :id) on conflict do nothing"
)
DONE = "delete from awaited where run = :run and node = :node and visit = :visit"


@dataclass(frozen=True)
class Wait:
    """What a step waits for."""

    address: str
    type: str | None
    field: str
    wanted: Any
    condition: str | None


def wait(state: Database, work: Work, asked: Wait, now: float) -> Mapping[str, Any] | None:
    """The output of an event that came before, or `None` once it is written down that the step waits."""
    place = {"run": work.run, "node": work.node, "visit": work.visit}
    value = value_of(asked.wanted)
    with state.transaction() as connection:
        connection.execute(text(ONE_BY_ONE), {"address": asked.address})
        named = {"address": asked.address, "field": asked.field, "value": value}
        where = {name: place[name] for name in ("run", "node")}
        for row in connection.execute(text(CAME), {**named, **where}).mappings().all():
            event = json.loads(row["event"])
            if _fits(event, asked.type, asked.condition):
                _take(connection, {**place, "address": asked.address}, row["source"], row["id"])
                return _output(event)
        facts = {**place, **named, "attempt": work.attempt, "type": asked.type, "since": now}
        connection.execute(text(WAIT), {**facts, "condition": asked.condition})
    return None


def hear(state: Database, address: str, payload: str, source: str, id: str, now: float) -> int:
    """Keep an event and tell every run that waits for it; how many did. A known one changes nothing."""
    event = _read(payload, source, id)
    with state.transaction() as connection:
        connection.execute(text(ONE_BY_ONE), {"address": address})
        facts = {"address": address, "source": source, "id": id, "type": str(event.get("type", ""))}
        new = connection.execute(text(HEARD), {**facts, "at": now, "event": json.dumps(event)}).rowcount
        if not new:
            return 0
        told = 0
        for field, value in _values(event):
            key = {"address": address, "field": field, "value": value}
            connection.execute(text(VALUE), {**key, "source": source, "id": id})
            waiting = text(
                "select * from awaited where address = :address and field = :field and value = :value"
                " order by since, run"
            )
            for row in connection.execute(waiting, key).mappings().all():
                if _fits(event, row["type"], row["condition"]):
                    told += _tell(connection, dict(row), event, source, id, now)
        return told


def forget(state: Database, before: float) -> None:
    """Drop events that came before a moment, and waits of runs that have ended."""
    with state.transaction() as connection:
        old = "select 1 from heard h where h.address = v.address and h.source = v.source and h.id = v.id"
        for statement in (
            f"delete from heard_value as v where exists ({old} and h.at < :before)",  # noqa: S608
            "delete from heard where at < :before",
            "delete from awaited where not exists"
            " (select 1 from run r where r.id = awaited.run and r.status = 'open')",
            "delete from event_taken where not exists"
            " (select 1 from run r where r.id = event_taken.run and r.status = 'open')",
        ):
            values = {"before": before} if ":before" in statement else {}
            connection.execute(text(statement), values)


def forget_value(connection: Connection, value: str) -> None:
    """Drop every event that says a value somewhere, such as the id of a case."""
    keys = "select address, source, id from heard_value where value = :value"
    for row in connection.execute(text(keys), {"value": value}).mappings().all():
        for table in ("heard_value", "heard"):
            sql = f"delete from {table} where address = :address and source = :source and id = :id"  # noqa: S608
            connection.execute(text(sql), dict(row))


def addresses(state: Database) -> list[str]:
    """Where some step waits for something."""
    return [row["address"] for row in state.rows("select distinct address from awaited order by address")]


def _tell(
    connection: Connection, row: dict[str, Any], event: dict[str, Any], source: str, id: str, now: float
) -> int:
    place = {name: row[name] for name in ("node", "visit", "attempt")}
    _take(connection, row, source, id)
    try:
        answered(connection, row["run"], "succeeded", place, {"output": dict(_output(event))}, now)
    except TooLate:  # it timed out, or was cancelled
        return 0
    return 1


def _take(connection: Connection, place: Mapping[str, Any], source: str, id: str) -> None:
    facts = {name: place[name] for name in ("run", "node", "address")}
    connection.execute(text(TAKEN), {**facts, "source": source, "id": id})
    connection.execute(text(DONE), {name: place[name] for name in ("run", "node", "visit")})


def _fits(event: dict[str, Any], kind: str | None, condition: str | None) -> bool:
    if kind is not None and event.get("type") != kind:
        return False
    if condition is None:
        return True
    data = event.get("data")
    names = {"data": data if isinstance(data, dict) else {}, "done": {}, "outcome": {}, "visit": 1}
    try:
        return compile_rule(condition)(names | {"elapsed_s": 0.0})
    except RuleError:  # the event has not what the rule asks for
        return False


def _output(event: dict[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {"data": data}


def _read(payload: str, source: str, id: str) -> dict[str, Any]:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        found = payload
    if isinstance(found, dict) and "specversion" in found:
        return found
    return {"id": id, "source": source, "type": "", "data": found}


def _values(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every value of an event that a step can wait by, with its path."""
    return sorted(dict(_leaves(event, ())).items())[:MOST_FIELDS]


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if len(path) < DEEPEST:
            for name, inner in value.items():
                yield from _leaves(inner, (*path, str(name)))
    elif path and isinstance(value, str | int | float | bool):
        key = ".".join(path), value_of(value)
        if all(can_be_kept(part) for part in key):
            yield key


def can_be_kept(text: str) -> bool:
    """Whether every database keeps a text, and keeps it in an index."""
    return len(text) <= LONGEST and "\0" not in text and text.encode(errors="replace").decode() == text


def value_of(value: Any) -> str:
    """A value as it is compared: 17 and 17.0 and "17" are one order number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Planted logs: cases written down in a test become a log in an event store of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import floor, log
from pathlib import Path
from typing import Any

import pytest

from home.context import Context, Stores
from home.settings import configure
from home.sql import migrations

EPOCH = datetime(2026, 1, 5, 8, 0)
EVENT = ("activity", "start", "end", "resource", "system", "cost")
TYPES = {str: ("text", "varchar"), bool: ("boolean", "boolean"), datetime: ("time", "timestamp")}


class Planted:
    """A store that holds planted logs, and the context that commands are called with."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.count = 0

    @cached_property
    def context(self) -> Context:
        """A context whose event store holds the planted logs."""
        configuration = configure({"home": self.home}, {})
        return Context(configuration, Stores(configuration.settings), actor="tester")

    def log(
        self,
        cases: Mapping[str, Sequence[str | Mapping[str, Any]]],
        name: str | None = None,
        *,
        case_attributes: Mapping[str, Mapping[str, Any]] | None = None,
        tz: str = "UTC",
    ) -> str:
        """Plant a log and return its name.

        A case is a list of activities an hour apart (every case starting on the same hour), or of
        mappings with `activity`, `end` and any of `start resource system cost`; other keys become
        event attributes. Times are naive UTC.
        """
        self.count += 1
        name = name or f"log{self.count}"
        write(self.context, name, f"planted_{self.count}", cases, case_attributes or {}, tz)
        return name


def normal(case: Sequence[str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events of a case as dictionaries with all base columns, in order."""
    found = []
    for position, event in enumerate(case):
        at = EPOCH + timedelta(hours=position)
        full = {"activity": event, "end": at} if isinstance(event, str) else dict(event)
        full = {**dict.fromkeys(EVENT), **full}
        full["timed"] = full["start"] is not None
        full["start"] = full["start"] or full["end"]
        found.append({**full, "order": position})
    return sorted(found, key=lambda e: (e["start"], e["end"], e["order"]))


def write(context: Context, name: str, schema: str, cases: Any, extra: Any, tz: str) -> None:
    """Write the tables of one log the plain way, row by row."""
    traces = {case: normal(events) for case, events in cases.items() if events}
    order = sorted(traces, key=lambda case: traces[case][0]["start"])
    events = [event for case in order for event in traces[case]]
    ids = {
        kind: {v: i for i, v in enumerate(sorted({e[kind] for e in events if e[kind] is not None}))}
        for kind in ("activity", "resource", "system")
    }
    variants: dict[tuple[int, ...], list[str]] = {}
    for case in order:
        variants.setdefault(tuple(ids["activity"][e["activity"]] for e in traces[case]), []).append(case)
    ranked = sorted(variants, key=lambda v: -len(variants[v]))
    with context.events.writing() as cursor:
        cursor.execute(f"create schema {schema}")
    with context.events.writing(schema) as cursor:
        for _, sql in migrations("ingest", "schema/log"):
            cursor.execute(sql)
        for kind, table in (("activity", "activity"), ("resource", "resource"), ("system", "system")):
            many(cursor, f"insert into {table} values (?, ?)", [(i, v) for v, i in ids[kind].items()])
        more = [k for k in dict.fromkeys(k for e in events for k in e) if k not in {*EVENT, "timed", "order"}]
        of_case = list(dict.fromkeys(k for values in extra.values() for k in values))
        declare(cursor, "event", more, {k: [e.get(k) for e in events] for k in more})
        declare(cursor, "case", of_case, {k: [v.get(k) for v in extra.values()] for k in of_case})
        cursor.execute("create or replace view shaped as select * from event")
        insert_cases(cursor, traces, order, ids, more)
        of = {case: ranked.index(v) for v, members in variants.items() for case in members}
        rows = []
        for cid, case in enumerate(order):
            trace = traces[case]
            arrived = sum(row[4] for row in rows)
            acts = ranked[of[case]]
            base = (cid, case, trace[0]["start"], max(e["end"] for e in trace), len(trace), of[case])
            rows.append((*base, acts[0], acts[-1], arrived, *(extra.get(case, {}).get(k) for k in of_case)))
        many(cursor, f"insert into cv values ({marks(9 + len(of_case))})", rows)
        traced = [(0, case, *(extra.get(case, {}).get(k) for k in of_case)) for case in cases]
        many(cursor, f"insert into trace values ({marks(2 + len(of_case))})", traced)
        listed = [(i, i, len(variants[v]), list(v)) for i, v in enumerate(ranked)]
        many(cursor, "insert into variant values (?, ?, ?, ?)", listed)
        insert_edges(cursor, traces, ids)
        first, last = min(e["start"] for e in events), max(e["end"] for e in events)
        cursor.execute(
            f"insert into main.log values ({marks(18)})",
            [
                name,
                schema,
                tz,
                "0" * 64,
                any(e["timed"] for e in events),
                False,
                False,
                None,
                len(order),
                len(events),
                len(events),
                len(ids["activity"]),
                len(ranked),
                len(ranked),
                first,
                last,
                EPOCH,
                1,
            ],
        )


def declare(cursor: Any, scope: str, names: list[str], values: Mapping[str, list[Any]]) -> None:
    """Add the columns of attributes, typed by their first value."""
    for i, attribute in enumerate(names):
        sample = next((v for v in values[attribute] if v is not None), "")
        kind, column_type = TYPES.get(type(sample), ("number", "double"))
        column = f"{scope[0]}{i}"
        cursor.execute("insert into attribute values (?, ?, ?, ?)", [attribute, scope, kind, column])
        for table in ("event", "instance") if scope == "event" else ("trace", "cv"):
            cursor.execute(f"alter table {table} add column {column} {column_type}")


def insert_cases(cursor: Any, traces: Any, order: list[str], ids: Any, more: list[str]) -> None:
    """Fill `event` and `instance`."""
    raw, derived = [], []
    n = 0
    for cid, case in enumerate(order):
        trace = traces[case]
        for pos, event in enumerate(trace):
            following = trace[pos + 1] if pos + 1 < len(trace) else None
            number = {k: ids[k].get(event[k]) for k in ids}
            attributes = [event.get(k) for k in more]
            started = event["start"] if event["timed"] else None
            raw.append(
                (
                    n,
                    0,
                    n,
                    case,
                    event["activity"],
                    event["end"],
                    started,
                    None,
                    event["resource"],
                    event["cost"],
                    event["system"],
                    *attributes,
                )
            )
            after = (None, None, None)
            if following:
                after = (
                    ids["activity"][following["activity"]],
                    ids["resource"].get(following["resource"]),
                    following["start"],
                )
            derived.append(
                (
                    cid,
                    pos,
                    number["activity"],
                    number["resource"],
                    number["system"],
                    event["start"],
                    event["end"],
                    event["cost"],
                    n,
                    *after,
                    *attributes,
                )
            )
            n += 1
    many(cursor, f"insert into event values ({marks(11 + len(more))})", raw)
    many(cursor, f"insert into instance values ({marks(12 + len(more))})", derived)


def insert_edges(cursor: Any, traces: Any, ids: Any) -> None:
    """Fill `edge`, the mergeable sketch of waiting times."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for trace in traces.values():
        for before, after in pairwise(trace):
            waited = round((after["start"] - before["end"]).total_seconds() * 1_000_000)
            bucket = -1 if waited <= 0 else floor(log(waited) / 0.0198026)
            key = (ids["activity"][before["activity"]], ids["activity"][after["activity"]], bucket)
            found.setdefault(key, []).append(waited)
    many(
        cursor,
        "insert into edge values (?, ?, ?, ?, ?)",
        [(*k, len(waits), sum(waits)) for k, waits in found.items()],
    )


def many(cursor: Any, sql: str, values: list[Any]) -> None:
    """Insert rows, many at a time: DuckDB takes a statement per row slowly."""
    row = sql[sql.index("values") + len("values") :]
    for first in range(0, len(values), 100):
        some = values[first : first + 100]
        cursor.execute(sql + f",{row}" * (len(some) - 1), [value for each in some for value in each])


def marks(n: int) -> str:
    """`n` question marks."""
    return ", ".join("?" * n)


@pytest.fixture
def planted(tmp_path: Path) -> Any:
    """Plants logs in a store that lives as long as the test."""
    store = Planted(tmp_path / "home")
    yield store
    store.context.stores.close()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Like `planted`, for tests that share their logs with the rest of their module."""
    store = Planted(tmp_path_factory.mktemp("shelf"))
    yield store
    store.context.stores.close()


@pytest.fixture
def make_log(planted: Planted) -> Callable[..., str]:
    """`make_log({"case": ["A", "B"]})` plants a log and returns its name; see `Planted.log`."""
    return planted.log


@pytest.fixture
def context(planted: Planted) -> Context:
    """The context whose event store holds what `make_log` planted."""
    return planted.context

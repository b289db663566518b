"""An order-management process with objects of three types, with planted truths, in every form of OCEL.

Each order has items; items of several orders travel in one package. An order's price changes once.
"""
# ruff: noqa: E501 - tables are read across

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

ORDERS, ITEMS_EACH, PACKAGES = 12, 3, 9
"""36 items; each package takes the next four of them, so that it may serve two orders."""

Related = list[tuple[str, str]]


def _at(day: int, minute: int) -> str:
    return f"2026-03-{1 + day:02d}T{8 + minute // 60:02d}:{minute % 60:02d}:00.000Z"


OBJECTS: list[tuple[str, str, list[tuple[str, str, object]], Related]] = []
"""Id, type, attributes (name, since, value), related objects (id, role)."""
EVENTS: list[tuple[str, str, str, dict[str, object], Related]] = []
"""Id, type, time, attributes, related objects (id, role)."""


def _make() -> None:
    start = "1970-01-01T00:00:00.000Z"
    for number in range(ORDERS):
        items = [f"i{number * ITEMS_EACH + n}" for n in range(ITEMS_EACH)]
        prices: list[tuple[str, str, object]] = [("price", start, 100 + number)]
        if number % 2:
            prices.append(("price", _at(number, 30), 90.5 + number))
        customer = 'O\'Hara & "Sons" <ü>' if number == 3 else f"customer {number % 4}"
        OBJECTS.append(
            (f"o{number}", "orders", [*prices, ("customer", start, customer)], [(i, "") for i in items])
        )
        EVENTS.append(
            (
                f"e-place-{number}",
                "place order",
                _at(number, 0),
                {"channel": "web", "rush": number % 3 == 0},
                [(f"o{number}", "order"), *((i, "item") for i in items)],
            )
        )
        EVENTS.append(
            (f"e-confirm-{number}", "confirm order", _at(number, 20), {}, [(f"o{number}", "order")])
        )
        for n, item in enumerate(items):
            OBJECTS.append((item, "items", [("weight", start, 0.25 * (n + 1))], []))
            EVENTS.append(
                (
                    f"e-pick-{item}",
                    "pick item",
                    _at(number, 40 + n),
                    {"bin": "007"},
                    [(f"o{number}", ""), (item, "picked")],
                )
            )
    for number in range(PACKAGES):
        inside = [f"i{number * 4 + n}" for n in range(4)]
        of = list(dict.fromkeys(f"o{int(item[1:]) // ITEMS_EACH}" for item in inside))
        OBJECTS.append((f"p{number}", "packages", [], []))
        EVENTS.append(
            (
                f"e-send-{number}",
                "send package",
                _at(15 + number, 0),
                {},
                [(f"p{number}", "package"), *((o, "order") for o in of), *((i, "item") for i in inside)],
            )
        )
    EVENTS.append(("e-audit", "audit", _at(28, 0), {}, []))


_make()
TYPES = {"orders": {"price": "float", "customer": "string"}, "items": {"weight": "float"}, "packages": {}}
EVENT_TYPES = {
    "place order": {"channel": "string", "rush": "boolean"},
    "confirm order": {},
    "pick item": {"bin": "string"},
    "send package": {},
    "audit": {},
}


def plain(value: object) -> str:
    """A value as XML and SQLite hold it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_json(folder: Path) -> Path:
    """OCEL 2.0 in JSON."""

    def types(declared: dict[str, dict[str, str]]) -> list[object]:
        return [
            {"name": k, "attributes": [{"name": n, "type": t} for n, t in a.items()]}
            for k, a in declared.items()
        ]

    def relations(related: Related) -> list[object]:
        return [{"objectId": o, "qualifier": q} for o, q in related]

    document = {
        "objectTypes": types(TYPES),
        "eventTypes": types(EVENT_TYPES),
        "objects": [
            {
                "id": o,
                "type": t,
                "attributes": [{"name": n, "time": s, "value": v} for n, s, v in a],
                "relationships": relations(r),
            }
            for o, t, a, r in OBJECTS
        ],
        "events": [
            {
                "id": e,
                "type": t,
                "time": at,
                "attributes": [{"name": n, "value": v} for n, v in a.items()],
                "relationships": relations(r),
            }
            for e, t, at, a, r in EVENTS
        ],
    }
    path = folder / "orders.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def as_xml(folder: Path) -> Path:
    """OCEL 2.0 in XML."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>\n<log>']
    for scope, declared in (("object", TYPES), ("event", EVENT_TYPES)):
        out.append(f"<{scope}-types>")
        for kind, attributes in declared.items():
            inside = "".join(
                f"<attribute name={quoteattr(n)} type={quoteattr(t)}/>" for n, t in attributes.items()
            )
            out.append(
                f"<{scope}-type name={quoteattr(kind)}><attributes>{inside}</attributes></{scope}-type>"
            )
        out.append(f"</{scope}-types>")

    def relations(related: Related) -> str:
        return (
            "<objects>"
            + "".join(
                f"<relationship object-id={quoteattr(o)} qualifier={quoteattr(q)}/>" for o, q in related
            )
            + "</objects>"
        )

    out.append("<objects>")
    for o, t, a, r in OBJECTS:
        inside = "".join(
            f"<attribute name={quoteattr(n)} time={quoteattr(s)}>{escape(plain(v))}</attribute>"
            for n, s, v in a
        )
        out.append(
            f"<object id={quoteattr(o)} type={quoteattr(t)}><attributes>{inside}</attributes>{relations(r)}</object>"
        )
    out.append("</objects><events>")
    for e, t, at, a, r in EVENTS:
        inside = "".join(
            f"<attribute name={quoteattr(n)}>{escape(plain(v))}</attribute>" for n, v in a.items()
        )
        out.append(
            f"<event id={quoteattr(e)} type={quoteattr(t)} time={quoteattr(at)}><attributes>{inside}</attributes>{relations(r)}</event>"
        )
    out.append("</events></log>")
    path = folder / "orders.xml"
    path.write_text("\n".join(out), encoding="utf-8")
    return path


def as_sqlite(folder: Path) -> Path:
    """OCEL 2.0 in SQLite."""
    path = folder / "orders.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(
            "create table event(ocel_id text primary key, ocel_type text);"
            "create table object(ocel_id text primary key, ocel_type text);"
            "create table event_object(ocel_event_id text, ocel_object_id text, ocel_qualifier text);"
            "create table object_object(ocel_source_id text, ocel_target_id text, ocel_qualifier text);"
            "create table event_map_type(ocel_type text primary key, ocel_type_map text);"
            "create table object_map_type(ocel_type text primary key, ocel_type_map text);"
        )
        for scope, declared in (("object", TYPES), ("event", EVENT_TYPES)):
            for kind, attributes in declared.items():
                mapped = "".join(word.title() for word in kind.split())
                db.execute(f"insert into {scope}_map_type values (?, ?)", [kind, mapped])
                extra = ", ocel_changed_field text" if scope == "object" else ""
                columns = "".join(f', "{name}"' for name in attributes)
                db.execute(f'create table "{scope}_{mapped}"(ocel_id text, ocel_time text{extra}{columns})')
        for o, t, a, r in OBJECTS:
            db.execute("insert into object values (?, ?)", [o, t])
            db.executemany("insert into object_object values (?, ?, ?)", [(o, other, q) for other, q in r])
            first: dict[str, object] = {}
            later = []
            for n, s, v in a:
                (later.append((s, n, v)) if n in first else first.update({n: v}))
            _put(db, f"object_{t.title()}", {"ocel_id": o, "ocel_time": "1970-01-01T00:00:00.000Z", **first})
            for s, n, v in later:
                _put(db, f"object_{t.title()}", {"ocel_id": o, "ocel_time": s, "ocel_changed_field": n, n: v})
        for e, t, at, a, r in EVENTS:
            db.execute("insert into event values (?, ?)", [e, t])
            db.executemany("insert into event_object values (?, ?, ?)", [(e, o, q) for o, q in r])
            mapped = "".join(word.title() for word in t.split())
            values = {n: plain(v) if isinstance(v, bool) else v for n, v in a.items()}
            _put(db, f"event_{mapped}", {"ocel_id": e, "ocel_time": at, **values})
    db.close()
    return path


def _put(db: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    db.execute(f'insert into "{table}"({columns}) values ({marks})', list(values.values()))


def as_old_json(folder: Path) -> Path:
    """OCEL 1 in JSON: the newest value of each attribute, no roles, no relations between objects."""
    document = {
        "ocel:global-log": {
            "ocel:version": "1.0",
            "ocel:object-types": list(TYPES),
            "ocel:attribute-names": [],
        },
        "ocel:events": {
            e: {"ocel:activity": t, "ocel:timestamp": at, "ocel:omap": [o for o, _ in r], "ocel:vmap": a}
            for e, t, at, a, r in EVENTS
        },
        "ocel:objects": {
            o: {"ocel:type": t, "ocel:ovmap": {n: v for n, _, v in a}} for o, t, a, r in OBJECTS
        },
    }
    path = folder / "orders.jsonocel"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


FORMS: dict[str, Callable[[Path], Path]] = {"json": as_json, "xml": as_xml, "sqlite": as_sqlite}

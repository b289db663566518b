"""Writes the order log in every format and into every system that an adapter reads: one function each.

A new one takes five lines: a function with `@form(NAME)` that puts the log somewhere and says where.
"""

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from home.context import Context
from home.settings import configure
from ingest import feeds
from ingest.arrivals import deliver
from ingest.consumers import consume
from ingest.contracts import IngestReport, IngestRequest
from ingest.feeds import Feed
from ingest.push import take
from tests.ingest.order_log import COLUMNS, ORDERS, plain, records
from tests.ingest.servers import maria


@dataclass(frozen=True)
class Made:
    """Where the log is now, and what `baton ingest` has to be told to read it."""

    source: object
    options: dict[str, Any] = field(default_factory=dict)
    extra: frozenset[str] = frozenset()
    """Attributes that the format adds of its own."""
    load: Callable[[], IngestReport] | None = None
    """How it comes in where not by `baton ingest`: events bring themselves."""


Maker = Callable[[Path, pytest.FixtureRequest], Made]
FORMS: list[Any] = []
"""Parameters of the contract test: the makers, by name."""


def form(name: str, *marks: pytest.MarkDecorator) -> Callable[[Maker], Maker]:
    """Registers a maker: given a folder and pytest's `request` (for fixtures), it says where the log is."""

    def register(maker: Maker) -> Maker:
        FORMS.append(pytest.param(maker, id=name, marks=marks))
        return maker

    return register


def as_csv(folder: Path, delimiter: str = ",", name: str = "orders.csv") -> Path:
    """The log as a CSV file."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(COLUMNS)
        writer.writerows([plain(v) for v in row] for row in ORDERS)
    return folder / name


@form("tsv")
def tsv(folder: Path, request: pytest.FixtureRequest) -> Made:
    return Made(as_csv(folder, "\t", "orders.tsv"))


@form("semicolons")
def semicolons(folder: Path, request: pytest.FixtureRequest) -> Made:
    return Made(as_csv(folder, ";"))


@form("utf-16 csv")
def utf_16(folder: Path, request: pytest.FixtureRequest) -> Made:
    text = as_csv(folder).read_bytes().decode()
    (folder / "wide.csv").write_bytes(text.encode("utf-16"))
    return Made(folder / "wide.csv")


@form("xes")
def xes(folder: Path, request: pytest.FixtureRequest) -> Made:
    kinds = {bool: "boolean", int: "int", float: "float", str: "string"}
    out = io.StringIO()
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n')
    for case in dict.fromkeys(row[0] for row in ORDERS):
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in ORDERS if row[0] == case]
        out.write("<trace>")
        for name in [c for c in COLUMNS if c.startswith("case:")]:
            out.write(_attribute(kinds, name.removeprefix("case:"), rows[0][name]))
        for row in rows:
            inside = "".join(_attribute(kinds, n, v) for n, v in row.items() if not n.startswith("case:"))
            out.write(f"<event>{inside}</event>\n")
        out.write("</trace>\n")
    out.write("</log>\n")
    path = folder / "orders.xes"
    path.write_text(out.getvalue(), encoding="utf-8")
    return Made(path)


def _attribute(kinds: dict[type, str], name: str, value: object) -> str:
    if value is None:
        return ""
    kind = "date" if str(value).endswith("Z") and "T" in str(value) else kinds[type(value)]
    text = quoteattr(plain(value), {"\n": "&#10;"})
    return f'<{kind} key="{name}" value={text}/>'


@form("parquet")
def parquet(folder: Path, request: pytest.FixtureRequest) -> Made:
    """Typed: real timestamps with a zone, numbers, booleans."""
    table = {}
    for name, values in zip(COLUMNS, zip(*ORDERS, strict=True), strict=True):
        if name in ("time:timestamp", "start_timestamp", "due"):
            moments = [None if v is None else datetime.fromisoformat(v) for v in values]
            table[name] = pa.array(moments, pa.timestamp("us", "Europe/Berlin"))
        elif name in ("cost", "case:amount", "score"):
            table[name] = pa.array(values, pa.float64())
        else:
            table[name] = pa.array(values)
    pq.write_table(pa.table(table), folder / "orders.parquet")
    return Made(folder / "orders.parquet")


@form("json")
def json_document(folder: Path, request: pytest.FixtureRequest) -> Made:
    path = folder / "orders.json"
    path.write_text(json.dumps({"page": 1, "orders": records()}), encoding="utf-8")
    return Made(path)


@form("json lines")
def json_lines(folder: Path, request: pytest.FixtureRequest) -> Made:
    path = folder / "orders.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in records()), encoding="utf-8")
    return Made(path)


def fill(connection: Any, mark: str, types: str) -> None:
    """Make the table `orders` with columns of these types; `mark` is how parameters are written."""
    columns = ", ".join(f'"{c}" {t}' for c, t in zip(COLUMNS, types.split(), strict=True))
    connection.execute(f"create table orders({columns})")
    marks = ", ".join([mark] * len(COLUMNS))
    for row in ORDERS:
        connection.execute(f"insert into orders values ({marks})", row)


@form("sqlite")
def sqlite(folder: Path, request: pytest.FixtureRequest) -> Made:
    with sqlite3.connect(folder / "orders.db") as connection:
        fill(connection, "?", "text text text text text real text text real text text text text real")
        connection.execute(
            "update orders set urgent = case urgent when 1 then 'true' when 0 then 'false' end"
        )
    connection.close()
    return Made(folder / "orders.db", {"table": "orders"})


@form("postgresql table", pytest.mark.postgres)
def postgresql(folder: Path, request: pytest.FixtureRequest) -> Made:
    import psycopg

    address = request.getfixturevalue("postgres_database")
    types = (
        "text text timestamptz timestamptz text numeric text"
        " varchar numeric char(5) text boolean timestamptz float8"
    )
    with psycopg.connect(address) as connection:
        fill(connection, "%s", types)
        connection.execute("alter table orders alter column zip type text using rtrim(zip)")
    return Made(address, {"table": "orders"})


@form("postgresql query", pytest.mark.postgres)
def postgresql_query(folder: Path, request: pytest.FixtureRequest) -> Made:
    made = postgresql(folder, request)
    return Made(made.source, {"query": "select * from orders"})


@form("xlsx")
def xlsx(folder: Path, request: pytest.FixtureRequest) -> Made:
    """Typed: real dates, which have no zone, numbers and booleans; one sheet of two."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.create_sheet("Orders")
    sheet.append(COLUMNS)
    for row in ORDERS:
        sheet.append([_cell(name, value) for name, value in zip(COLUMNS, row, strict=True)])
    for cell in (cell for line in sheet.iter_rows() for cell in line):
        if isinstance(cell.value, str):
            cell.data_type = "s"  # a text that begins with = is a text
    book["Sheet"].append(["Read me"])
    book.save(folder / "orders.xlsx")
    return Made(folder / "orders.xlsx", {"sheet": "Orders"})


def _cell(name: str, value: object) -> object:
    moment = name in ("time:timestamp", "start_timestamp", "due") and value is not None
    return datetime.fromisoformat(str(value)).replace(tzinfo=None) if moment else value


@form("ocel json")
def ocel(folder: Path, request: pytest.FixtureRequest) -> Made:
    """One type of object, the order; what is known of an order are its attributes."""
    fixed = ("case:concept:name", "concept:name", "time:timestamp")
    events = []
    for number, record in enumerate(records()):
        values = {k: v for k, v in record.items() if k not in fixed and not k.startswith("case:")}
        events.append(
            {
                "id": f"e{number}",
                "type": record["concept:name"],
                "time": record["time:timestamp"],
                "attributes": [{"name": k, "value": v} for k, v in values.items() if v is not None],
                "relationships": [{"objectId": record["case:concept:name"], "qualifier": ""}],
            }
        )
    orders = {r["case:concept:name"]: r for r in records()}
    objects = [
        {
            "id": key,
            "type": "order",
            "attributes": [
                {"name": name, "time": "1970-01-01T00:00:00Z", "value": r[f"case:{name}"]}
                for name in ("channel", "amount")
                if r[f"case:{name}"] is not None
            ],
        }
        for key, r in orders.items()
    ]
    document = {"objectTypes": [], "eventTypes": [], "objects": objects, "events": events}
    (folder / "ocel.json").write_text(json.dumps(document), encoding="utf-8")
    return Made(folder / "ocel.json", {}, frozenset({"event_id"}))


@form("joined tables")
def joined(folder: Path, request: pytest.FixtureRequest) -> Made:
    """What is known of an order in one file, its steps in another, keys and values as text."""
    inside = folder / "export"
    inside.mkdir()
    of_case = [name for name in COLUMNS if name.startswith("case:")]
    of_event = ["case:concept:name", *(name for name in COLUMNS if name not in of_case)]
    for file, names in (("orders.csv", of_case), ("steps.csv", of_event)):
        rows = dict.fromkeys(tuple(plain(r[name]) for name in names) for r in records())
        with (inside / file).open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([names, *rows])
    columns = ", ".join(f'{"o" if name in of_case else "s"}."{name}"' for name in COLUMNS)
    on = 'o."case:concept:name" = s."case:concept:name"'
    query = f"select {columns} from steps s join orders o on {on} order by s.rowid"
    mapping = f"adapter = 'tables'\nquery = '''{query}'''\n[tables]\norders = 'orders'\nsteps = 'steps'\n"
    (folder / "join.toml").write_text(mapping, encoding="utf-8")
    return Made(inside, {"mapping": str(folder / "join.toml")})


@form("mariadb", pytest.mark.mariadb)
def mariadb(folder: Path, request: pytest.FixtureRequest) -> Made:
    address = request.getfixturevalue("mariadb_database")
    moment, word = "timestamp(3)", "varchar(99)"
    types = (
        *(word, word, moment, moment, word, "double", word, word, "double"),
        *(word, "text", "bool", moment, "double"),
    )
    with maria(address) as connection, connection.cursor() as cursor:
        cursor.execute("set time_zone = '+00:00'")
        columns = ", ".join(f"`{c}` {t} null" for c, t in zip(COLUMNS, types, strict=True))
        cursor.execute(f"create table orders({columns})")
        for row in ORDERS:
            values = [v.replace("T", " ").rstrip("Z") if _is_moment(v) else v for v in row]
            cursor.execute(f"insert into orders values ({', '.join(['%s'] * len(row))})", values)
    truth = "case urgent when 1 then 'true' when 0 then 'false' end as urgent"
    kept = ", ".join(f"`{c}`" if c != "urgent" else truth for c in COLUMNS)
    return Made(address, {"query": f"select {kept} from orders"})


@form("rest")
def rest(folder: Path, request: pytest.FixtureRequest) -> Made:
    from tests.ingest.rest_traps import Service, said

    service = Service(
        lambda a: said({"data": records()[a.number("offset", 0) :][:4], "count": len(ORDERS)}, etag='"1"')
    )
    request.addfinalizer(service.close)
    (folder / "home").mkdir(exist_ok=True)
    paginator = 'paginator = {kind = "offset", size = 4, total = "count"}'
    declaration = f'[rest.orders]\naddress = "{service.url}/v1/orders"\nrecords = "data"\n{paginator}\n'
    (folder / "home" / "baton.toml").write_text(f'http_allow = ["127.0.0.1"]\n{declaration}')
    room = request.getfixturevalue("room")
    room.context = Context(configure({"home": folder / "home"}, {}), room.context.stores, actor="tester")
    return Made("rest:orders")


def _brought(request: pytest.FixtureRequest) -> IngestReport:
    (report,) = deliver(request.getfixturevalue("room").context)
    return report


@form("pushed")
def pushed(folder: Path, request: pytest.FixtureRequest) -> Made:
    context = request.getfixturevalue("room").context
    receipt = take(context, {}, json.dumps(records(), ensure_ascii=False).encode(), log="orders")
    assert receipt.accepted == len(ORDERS)
    return Made("push:orders", load=lambda: _brought(request))


@form("rabbitmq", pytest.mark.rabbit)
def rabbitmq(folder: Path, request: pytest.FixtureRequest) -> Made:
    from tests.ingest.rabbit import Queue

    room = request.getfixturevalue("room")
    queue = Queue(request.getfixturevalue("rabbit_url"))
    request.addfinalizer(queue.delete)
    queue.publish([json.dumps(record).encode() for record in records()])
    asked = IngestRequest(source=queue.address, log="orders")
    feed = Feed("shop", "orders", asked.model_dump_json(), room.context.clock.now().replace(tzinfo=None))
    with room.context.events.writing() as cursor:
        feeds.add(cursor, feed)
    assert consume(room.context, feed).new == len(ORDERS)
    return Made(queue.address, load=lambda: _brought(request))


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and value.startswith("2026-") and value.endswith("Z")


PACKED: dict[str, Maker] = {
    "csv": lambda folder, request: Made(as_csv(folder)),
    "xes": xes,
    "json": json_document,
    "jsonl": json_lines,
    "parquet": parquet,
    "db": sqlite,
    "xlsx": xlsx,
}


def _packed(kind: str, packing: str) -> Maker:
    def maker(folder: Path, request: pytest.FixtureRequest) -> Made:
        made = PACKED[kind](folder, request)
        inside = Path(str(made.source))
        path = folder / f"{inside.name}.{packing}"
        if packing == "gz":
            path.write_bytes(gzip.compress(inside.read_bytes()))
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(inside, inside.name)
        return Made(path, made.options, made.extra)

    return maker


for _kind in PACKED:
    for _packing in ("gz", "zip"):
        form(f"{_kind}.{_packing}")(_packed(_kind, _packing))

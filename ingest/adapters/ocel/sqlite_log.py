"""Reads OCEL 2.0 as a SQLite database, read-only, whatever its tables are called."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from ingest.adapter import Aside, Content, Options
from ingest.adapters.ocel.model import Event, Judged, Value, text_of
from ingest.errors import Unfit

TABLES = ("event", "object", "event_object", "event_map_type", "object_map_type")
FIXED = ("ocel_id", "ocel_time", "ocel_changed_field")
"""Columns of a type's table that are no attributes."""


def tables_of(content: Content) -> set[str]:
    """Names of a SQLite file's tables; none where it cannot be read."""
    try:
        connection = _connect(content)
    except sqlite3.Error:
        return set()
    try:
        found = connection.execute("select name from sqlite_master where type in ('table', 'view')")
        return {str(name).lower() for (name,) in found}
    except sqlite3.Error:
        return set()
    finally:
        connection.close()


class SqliteLog:
    """An OCEL 2.0 log in SQLite: one table per type of event and object, and tables of relations."""

    def __init__(self, content: Content, options: Options) -> None:
        self.name, self.options = content.name, options
        self.judged = Judged()
        self.types: dict[str, str] = {}
        self.aside: list[Aside] = []
        with self._translated():
            self.connection = _connect(content)
            self.tables = self._columns()
            missing = [name for name in TABLES if name not in self.tables]
            if missing:
                raise Unfit("format", f"{self.name} is no OCEL 2.0: it has no table {missing[0]!r}.")
            self.maps = {scope: self._map(scope) for scope in ("event", "object")}
            self._read_objects()
            self._find_lost()

    def _columns(self) -> dict[str, list[str]]:
        names = self.connection.execute("select name from sqlite_master where type in ('table', 'view')")
        return {
            str(name).lower(): [
                row[1] for row in self.connection.execute(f"pragma table_info({_name(name)})")
            ]
            for (name,) in names.fetchall()
        }

    def _map(self, scope: str) -> dict[str, str]:
        """Type to its table."""
        rows = self.connection.execute(f"select ocel_type, ocel_type_map from {scope}_map_type").fetchall()
        return {str(kind): f"{scope}_{mapped}" for kind, mapped in rows}

    def _read_objects(self) -> None:
        for number, key, kind in self.connection.execute(
            "select rowid, ocel_id, ocel_type from object order by rowid"
        ):
            known, of = text_of(key), text_of(kind)
            if not known or not of:
                self.aside.append(
                    Aside(number, "an object without an id or a type", values={"object": known})
                )
            elif known in self.types:
                reason = f"the object {known!r} occurs twice"
                self.aside.append(Aside(number, reason, values={"type": of}, code="duplicate_key"))
            else:
                self.types[known] = of
                if of not in self.maps["object"]:
                    self.judged.undeclared[f"object type {of!r}"] += 1

    def _find_lost(self) -> None:
        """Relations of events that the log does not have."""
        lost = self.connection.execute(
            "select rowid, ocel_event_id, ocel_object_id from event_object"
            " where ocel_event_id is null or ocel_event_id not in (select ocel_id from event where ocel_id"
            " is not null) order by rowid"
        )
        for number, event, key in lost:
            reason = f"a relation of the event {text_of(event)!r}, which the log does not have"
            self.aside.append(Aside(number, reason, values={"object": key}, code="dangling_reference"))

    def events(self) -> Iterator[Event]:
        """Each row of `event` with its row in the table of its type and its relations."""
        with self._translated():
            related = groupby(self._relations(), key=itemgetter(0))
            number, of = next(related, (None, iter(())))
            for position, (row, key, kind, time, attributes, fault) in enumerate(self._rows(), start=1):
                while number is not None and number < row:
                    number, of = next(related, (None, iter(())))
                pairs = [(text_of(o) or "", text_of(q) or "") for _, o, q in of] if number == row else []
                yield Event(position, text_of(key) or "", kind, time, attributes, pairs, fault)

    def _rows(self) -> Iterator[tuple[int, Any, str, str | None, dict[str, str | None], str]]:
        """The events of all types, in the order of the table `event`."""
        kinds = [text_of(k) or "" for (k,) in self.connection.execute("select distinct ocel_type from event")]
        return merge(*(self._of_type(kind) for kind in kinds), key=itemgetter(0))

    def _of_type(self, kind: str) -> Iterator[tuple[int, Any, str, str | None, dict[str, str | None], str]]:
        table = self.maps["event"].get(kind, "")
        if table.lower() not in self.tables:
            self.judged.undeclared[f"event type {kind!r}"] += 1
            rows = self.connection.execute(
                "select rowid, ocel_id from event where coalesce(ocel_type, '') = ? order by rowid", [kind]
            )
            for number, key in rows:
                yield number, key, kind, None, {}, f"the type {kind!r} has no table of its own"
            return
        names = [name for name in self.tables[table.lower()] if name.lower() not in FIXED]
        columns = "".join(f", t.{_name(name)}" for name in names)
        before = None
        for number, key, time, *values in self.connection.execute(
            f"select e.rowid, e.ocel_id, t.ocel_time{columns} from event e left join {_name(table)} t"
            " on t.ocel_id = e.ocel_id where e.ocel_type = ? order by e.rowid",
            [kind],
        ):
            attributes = {n: text_of(v) for n, v in zip(names, values, strict=True) if v is not None}
            fault = f"the event {text_of(key)!r} has two rows in the table of its type"
            yield number, key, kind, text_of(time), attributes, fault if number == before else ""
            before = number

    def _relations(self) -> Iterator[tuple[int, Any, Any]]:
        qualifier = "r.ocel_qualifier" if "ocel_qualifier" in self.tables["event_object"] else "''"
        return self.connection.execute(
            f"select e.rowid, r.ocel_object_id, {qualifier} from event e join event_object r"
            " on r.ocel_event_id = e.ocel_id order by e.rowid, r.rowid"
        )

    def values(self, kind: str) -> Iterator[tuple[str, Value]]:
        """Each cell of the type's table; a row that names a changed field says only that field."""
        table = self.maps["object"].get(kind, "")
        if table.lower() not in self.tables:
            return
        known = self.tables[table.lower()]
        names = [name for name in known if name.lower() not in FIXED]
        time = "ocel_time" if "ocel_time" in known else "''"
        changed = "ocel_changed_field" if "ocel_changed_field" in known else "null"
        columns = "".join(f", {_name(name)}" for name in names)
        with self._translated():
            for key, since, only, *values in self.connection.execute(
                f"select ocel_id, {time}, {changed}{columns} from {_name(table)} order by rowid"
            ):
                for name, value in zip(names, values, strict=True):
                    if value is not None and (only in (None, "") or only == name):
                        yield text_of(key) or "", Value(name, text_of(value), text_of(since) or "")

    def links(self, kind: str) -> Iterator[tuple[str, str]]:
        """Each row of `object_object`."""
        if "object_object" not in self.tables:
            return
        with self._translated():
            for source, target in self.connection.execute(
                "select ocel_source_id, ocel_target_id from object_object order by rowid"
            ):
                if self.types.get(text_of(source) or "") == kind:
                    yield text_of(source) or "", text_of(target) or ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise Unfit(
                "corrupt", f"{self.name}: the SQLite database is corrupt or no OCEL ({error})."
            ) from error


def _connect(content: Content) -> sqlite3.Connection:
    """The file, which nobody can write through this connection."""
    connection = sqlite3.connect(f"file:{quote(str(content.file))}?mode=ro&immutable=1", uri=True)
    connection.execute("pragma query_only = on")
    connection.execute("pragma trusted_schema = off")
    connection.text_factory = lambda raw: raw.decode("utf-8", errors="backslashreplace")
    return connection


def _name(name: str) -> str:
    """A name of the database as an SQL name."""
    return '"' + str(name).replace('"', '""') + '"'

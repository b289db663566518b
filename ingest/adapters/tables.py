"""Joins several tables, exported as files, by a query: a folder, a zip, or the sheets of a workbook."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from ingest.adapter import ROW, TRACE, Aside, Chunk, Content, Options, Reading
from ingest.adapters.arrow_text import as_text
from ingest.adapters.workbook import Workbook
from ingest.contracts import Finding
from ingest.errors import Unfit

ROWS = 50_000
"""Rows in one chunk."""
MEMORY = "1GB"
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class TablesAdapter:
    """Tables that a mapping file names under `[tables]`, joined by its `query`.

    Every column is text. The query runs in a database of its own that can reach no file, no address and
    no extension, with bounded memory; it can be one `select` and nothing else.
    """

    name = "tables"
    reads = "several tables in a folder, zip or workbook, joined by a query: a mapping with [tables]"
    suffixes = (".xlsx", ".xlsm")
    several = True

    def recognises(self, content: Content) -> int:  # noqa: ARG002
        """Never by itself: which file is which table, and how they join, has to be said."""
        return 0

    def read(self, content: Content, options: Options) -> Reading:
        """Load the tables, then stream what the query answers."""
        if not options.tables or not options.query:
            lacking = "[tables]" if not options.tables else "query"
            raise Unfit(
                "tables",
                f"{content.name}: it is not said which tables are joined and how; there is no {lacking}.",
                hint="A mapping has both: `baton recipes` lists ready ones, --mapping recipe:NAME uses one.",
            )
        reading = Reading(iter(()))
        joined = _Joined(content, options, reading)
        reading.columns = joined.columns
        reading.chunks = joined.chunks()
        return reading


@dataclass
class _Table:
    """One table that was loaded."""

    name: str
    file: str
    columns: tuple[str, ...] = ()
    rows: int = 0
    aside: list[Aside] = field(default_factory=list)


class _Joined:
    """The database of one join; it lives in a folder of its own until the last row was taken."""

    def __init__(self, content: Content, options: Options, reading: Reading) -> None:
        self.content, self.options, self.reading = content, options, reading
        self.folder = TemporaryDirectory(dir=content.file.parent if content.members else None, prefix="join-")
        self.db = _locked_down(Path(self.folder.name))
        self.tables = [self._load(name, file) for name, file in options.tables.items()]
        self._tell_unused()
        self.answer = self._asked()
        self.columns = tuple(self.answer.schema.names)

    def chunks(self) -> Iterator[Chunk]:
        """Rows that could not be read of a table, then those of the query's answer."""
        for table in self.tables:
            if table.aside:
                yield Chunk(aside=table.aside)
        done = 0
        while (batch := self._next()) is not None:
            columns = [
                as_text(column, name) for name, column in zip(self.columns, batch.columns, strict=True)
            ]
            numbers = pa.array(range(done + 1, done + batch.num_rows + 1), pa.int64())
            done += batch.num_rows
            yield Chunk(pa.record_batch([*columns, numbers], names=[*self.columns, ROW]))
            self.options.progress(None)
        self.db.close()
        self.folder.cleanup()

    def _next(self) -> pa.RecordBatch | None:
        try:
            return next(self.answer, None)
        except duckdb.Error as error:
            raise self._refused(error) from error

    def _load(self, name: str, file: str) -> _Table:
        """Read one table by whichever adapter knows its file, all of it as text."""
        if not PLAIN_NAME.fullmatch(name):
            raise Unfit("tables", f"[tables]: {name!r} is no name for a table; letters and digits are.")
        inside, options = _found(self.content, file, self.options)
        table = _Table(name, file)
        from ingest.registry import choose

        reading = choose(inside, None).read(inside, options)
        known: dict[str, str] = {}
        self.db.execute(f'create table "{name}"("{ROW}" bigint)')
        for column in reading.columns or ():
            self._add_column(table, known, column)
        for chunk in reading.chunks:
            if chunk.events is not None and chunk.events.num_rows:
                self._insert(table, known, chunk.events)
            if chunk.cases is not None and chunk.cases.num_rows:
                raise Unfit("tables", f"{inside.name} is an event log of its own, no table to join.")
            table.aside += [_of_table(aside, table, reading.row_word) for aside in chunk.aside]
        self.db.execute(f'alter table "{name}" drop column "{ROW}"') if known else None
        table.columns = tuple(known)
        if not known:
            raise Unfit("no events", f"{inside.name} has no rows: it cannot be the table {name!r}.")
        self.reading.findings += [
            found.model_copy(update={"where": f"{inside.name}: {found.where}".rstrip(": ")})
            for found in (*inside.findings, *reading.findings)
        ]
        return table

    def _add_column(self, table: _Table, known: dict[str, str], column: str) -> None:
        if column.casefold() in (k.casefold() for k in known):
            raise Unfit("columns", f"{table.file}: two columns are called {column!r}, but for their case.")
        known[column] = _quoted(column)
        self.db.execute(f'alter table "{table.name}" add column {known[column]} varchar')

    def _insert(self, table: _Table, known: dict[str, str], batch: pa.RecordBatch) -> None:
        for column in batch.schema.names:
            if column not in known and column not in (ROW, TRACE):
                self._add_column(table, known, column)
        table.rows += batch.num_rows
        if table.rows > self.options.limits.rows:
            raise Unfit("limit", f"{table.file}: over {self.options.limits.rows:,} rows.")
        taken = [n for n in batch.schema.names if n != TRACE]
        self.db.register("portion", batch.select(taken))
        self.db.execute(f'insert into "{table.name}" by name select * from portion')
        self.db.unregister("portion")
        self.options.progress(None)

    def _asked(self) -> pa.RecordBatchReader:
        """What the query answers; raises `Unfit` for anything but one `select` that can run."""
        query = str(self.options.query)
        try:
            statements = self.db.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise Unfit("query", f"{self.content.name}: the query is not one `select`.")
            return self.db.sql(statements[0]).to_arrow_reader(ROWS)
        except duckdb.Error as error:
            raise self._refused(error) from error

    def _refused(self, error: duckdb.Error) -> Unfit:
        said = str(error).splitlines()[0]
        if isinstance(error, duckdb.OutOfMemoryException):
            return Unfit("limit", f"{self.content.name}: the join needs more than {MEMORY} of memory.")
        known = "; ".join(f"{t.name} ({t.file}): {', '.join(t.columns[:40])}" for t in self.tables)
        return Unfit(
            "query",
            f"{self.content.name}: the query cannot run: {said}. Tables and their columns: {known}.",
            hint="Copy the recipe (`baton recipes NAME -o FILE`) and change the query to these columns.",
        )

    def _tell_unused(self) -> None:
        names = {inside for inside in self.content.members if not _is_used(inside, self.options)}
        if names:
            listed = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
            message = f"{len(names)} files are no tables of the query and were not read: {listed}."
            finding = Finding(code="unused_files", severity="info", count=len(names), message=message)
            self.reading.findings.append(finding)


def _locked_down(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database whose queries reach nothing but its own tables."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": "1",  # rows of a query come in the same order each time
        "memory_limit": MEMORY,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_unsigned_extensions": "false",
    }
    db = duckdb.connect(str(folder / "tables.duckdb"), config=config)
    db.execute("set enable_external_access = false")
    db.execute("set lock_configuration = true")
    return db


def _found(content: Content, file: str, options: Options) -> tuple[Content, Options]:
    """The document that `file` names, or the workbook with its sheet; raises `Unfit` naming what there is."""
    plain = Options(encoding=options.encoding, delimiter=options.delimiter, limits=options.limits)
    if not content.members:
        return _sheet(content, file, plain)
    named = {inside.name: inside for inside in content.documents()}
    fitting = [name for name in named if _fits(name, file)]
    if len(fitting) == 1:
        return named[fitting[0]], plain
    near = get_close_matches(file, named, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    what = f"{len(fitting)} files that could be {file!r}" if fitting else f"no file {file!r}{guess}"
    raise Unfit(
        "tables",
        f"{content.name} has {what} Files: {', '.join(sorted(fitting or named)[:20])}.",
        hint=f'Say which it is in the mapping file: [tables] {_stem(file)} = "FILE"',
    )


def _sheet(content: Content, file: str, options: Options) -> tuple[Content, Options]:
    if not content.head.startswith(b"PK"):
        raise Unfit(
            "tables", f"{content.name} is one file; tables that are joined lie in a folder, zip or workbook."
        )
    workbook = Workbook(content, options.limits)
    names = {_stem(sheet.name): sheet.name for sheet in workbook.sheets}
    workbook.close()
    if _stem(file) not in names:
        raise Unfit("tables", f"{content.name} has no sheet {file!r}. Sheets: {', '.join(names.values())}.")
    chosen = Options(sheet=names[_stem(file)], limits=options.limits)
    return content, chosen


def _fits(member: str, file: str) -> bool:
    """Whether a member is the file: by its path, by its name, or by its name without what follows the dot."""
    if member == file or PurePosixPath(member).name.casefold() == file.casefold():
        return True
    return "." not in file and _stem(member) == _stem(file)


def _stem(name: str) -> str:
    return PurePosixPath(name).name.partition(".")[0].casefold()


def _is_used(member: str, options: Options) -> bool:
    return any(_fits(member, file) for file in options.tables.values())


def _of_table(aside: Aside, table: _Table, row_word: str) -> Aside:
    values = json.loads(json.dumps(dict(aside.values), default=str))
    reason = f"{table.file}, {row_word} {aside.row}: {aside.reason}"
    return Aside(aside.row, reason, aside.column, {"table": table.name, **values}, aside.code)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""`baton filter save`, `list` and `remove`: filters with a name, which others call by `saved("NAME")`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Contract, Option, Request, Response, utc_text
from home.duck import Cursor, rows
from home.errors import Refused, unknown
from home.text import plain, table
from ingest.catalog import all_logs, find_log
from mining.errors import FilterError
from mining.expression import Part, parse
from mining.filters import condition

FilterName = Annotated[str, Argument("NAME"), Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


class SaveFilterRequest(Request):
    """A filter, and what to call it."""

    name: FilterName
    """What it is called: letters, digits, spaces, as you like."""
    log: Annotated[str, Option(("--log",), "NAME")]
    """The log whose cases it is about."""
    where: Annotated[str, Option(("--where",), "CEL")]
    """The filter, as in: case.amount > 1000 && contains("Approve")"""


class RemoveFilterRequest(Request):
    """Which saved filter."""

    name: FilterName
    """What it is called."""
    log: Annotated[str, Option(("--log",), "NAME")]
    """The log it belongs to."""


class ListFiltersRequest(Request):
    """Which saved filters."""

    log: Annotated[str | None, Argument("[LOG]")] = None
    """Only those of this log."""


class SavedFilter(Contract):
    """A filter with a name."""

    log: str
    filter: str
    """Its name."""
    where: str
    """What it stands for (CEL)."""
    saved_at: str
    """UTC."""
    by: str
    """Who saved it."""


class SavedFilters(Response):
    """The saved filters."""

    rows: list[SavedFilter]

    def lines(self) -> Iterator[str]:
        """One line each, and how to use them."""
        if not self.rows:
            yield "No filter is saved yet. `baton filter save NAME --log LOG --where CEL` saves one."
            return
        yield from table(
            [row.model_dump() for row in self.rows], ("log", "filter", "where", "saved_at", "by")
        )
        yield ""
        yield plain(f"Use one as any filter, alone or in another: --where '{call(self.rows[0].filter)}'")


class FilterSaid(Response):
    """What became of a filter."""

    log: str
    filter: str
    where: str
    """What it stands for, or stood for (CEL)."""
    cases: int
    """Cases of the log that pass it now."""
    message: str

    def lines(self) -> Iterator[str]:
        """What was done."""
        yield plain(self.message)


def save_filter(context: Context, request: SaveFilterRequest) -> FilterSaid:
    """Save a filter under a name, in place of one that is called so.

    It may call other saved ones, never itself. Raises `FilterError` where it does not compile, with the
    column.
    """
    log = find_log(context.events, request.log)
    with context.events.writing(log.schema) as cursor:
        passes = condition(cursor, request.where, tz=log.tz, naming=request.name)
        sql = f"select count(*) from cv where {passes.sql}"  # noqa: S608 - translated, values are bound
        (cases,) = cursor.execute(sql, passes.parameters).fetchone() or (0,)
        before = _where_of(cursor, request.name)
        cursor.execute(
            "insert or replace into saved_filter values (?, ?, ?, ?)",
            [request.name, request.where, context.clock.now().replace(tzinfo=None), context.actor],
        )
    instead = f" It stood for {before} until now." if before not in (None, request.where) else ""
    message = f"Saved. {cases:,} of {log.cases:,} cases pass --where '{call(request.name)}'.{instead}"
    return FilterSaid(log=log.name, filter=request.name, where=request.where, cases=cases, message=message)


def list_filters(context: Context, request: ListFiltersRequest) -> SavedFilters:
    """The saved filters of one log, or of all of them, by log and name."""
    logs = [find_log(context.events, request.log)] if request.log else all_logs(context.events)
    found: list[SavedFilter] = []
    for log in logs:
        with context.events.cursor(log.schema) as cursor:
            cursor.execute("select * from saved_filter order by name")
            found += [
                SavedFilter(
                    log=log.name,
                    filter=row["name"],
                    where=row["expression"],
                    saved_at=utc_text(row["saved_at"]),
                    by=row["saved_by"],
                )
                for row in rows(cursor)
            ]
    return SavedFilters(rows=found)


def remove_filter(context: Context, request: RemoveFilterRequest) -> FilterSaid:
    """Remove a saved filter; one that another saved filter calls stays, and the error names that one."""
    log = find_log(context.events, request.log)
    with context.events.writing(log.schema) as cursor:
        saved = dict(cursor.execute("select name, expression from saved_filter order by name").fetchall())
        if request.name not in saved:
            raise unknown("saved filter", request.name, list(saved), listing=f"baton filter list {log.name}")
        callers = [name for name, where in saved.items() if request.name in _called(where)]
        if callers:
            raise Refused(
                f"The saved filter {request.name!r} is called by {', '.join(map(repr, callers))}.",
                hint="Save those anew without it first, or remove them.",
            )
        cursor.execute("delete from saved_filter where name = ?", [request.name])
    where = saved[request.name]
    return FilterSaid(
        log=log.name,
        filter=request.name,
        where=where,
        cases=0,
        message=f"{request.name} is gone; it stood for {where}.",
    )


def call(name: str) -> str:
    """The CEL that stands for a saved filter."""
    from home.text import cel_text

    return f"saved({cel_text(name)})"


def _where_of(cursor: Cursor, name: str) -> str | None:
    found = cursor.execute("select expression from saved_filter where name = ?", [name]).fetchone()
    return str(found[0]) if found else None


def _called(where: str) -> set[str]:
    """Names of the saved filters that an expression calls."""
    try:
        return set(_names(parse(where)))
    except FilterError:
        return set()


def _names(part: Part) -> Iterator[str]:
    if part.kind == "call" and part.name == "saved":
        yield from (str(each.value) for each in part.parts if each.kind == "value")
    for each in part.parts:
        yield from _names(each)

"""Erases one case, or one person's name, from the event logs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from home.context import Context
from home.duck import Cursor
from home.erasure import Replacement, holds
from ingest import layout, links, shape
from ingest.catalog import Log, all_logs, find_log, keep_size

EVENTS_KEPT = {
    *(("event", "case_id"), ("event", "activity"), ("trace", "case_id"), ("activity", "name")),
    *(("cv", "case_id"), ("raw_case", "case_id"), ("event", "lifecycle"), ("chain", "case_id")),
}
"""Columns that say what happened and to which case: a name is not sought in them."""


@dataclass(frozen=True)
class Found:
    """Where something stands: a table of a log, its column, and how many rows."""

    log: str
    table: str
    column: str
    rows: int


def logs_of(context: Context, log: str | None) -> list[Log]:
    """One log, or all of them."""
    return [find_log(context.events, log)] if log else all_logs(context.events)


def find_cases(context: Context, cases: Iterable[str], log: str | None) -> Iterator[Found]:
    """Where the events of these cases are, and the rows set aside that name one of them."""
    wanted = list(cases)
    for each in logs_of(context, log):
        with context.events.cursor(each.schema) as cursor:
            (events,) = cursor.execute(
                "select count(*) from shaped where list_contains($cases, case_id)", {"cases": wanted}
            ).fetchone() or (0,)
            aside = len(_aside(cursor, wanted))
        if events:
            yield Found(each.name, "events", "", events)
        if aside:
            yield Found(each.name, "set_aside", "row", aside)


def erase_cases(context: Context, cases: Iterable[str], log: str | None) -> None:
    """Delete the events of these cases with all that quotes their ids, and take them out of the layout.

    An event that stands in another case too stays there. Rows that were set aside keep their place, empty.
    """
    wanted = list(cases)
    for each in logs_of(context, log):
        if not any(f.log == each.name for f in find_cases(context, wanted, each.name)):
            continue
        with context.events.writing(each.schema) as cursor:
            _erase(cursor, wanted)
            cursor.execute(
                "create or replace temp table touched as select unnest($cases::varchar[]) as case_id",
                {"cases": wanted},
            )
            joined = links.joined(cursor)
            findings = shape.apply(cursor)
            size = layout.build(cursor) if joined else layout.merge(cursor, shrunk=True)
            keep_size(cursor, each.schema, size, findings)


def _erase(cursor: Cursor, cases: list[str]) -> None:
    """Delete the raw rows of these cases."""
    given = {"cases": cases}
    cursor.execute(
        "create or replace temp table doomed as select n, any_value(e.case_id) as raw"
        " from shaped s join event e using (n) group by n"
        " having bool_and(list_contains($cases, s.case_id))",
        given,
    )
    cursor.execute("create or replace temp table raw_ids as select distinct raw from doomed")
    cursor.execute("delete from event where n in (select n from doomed)")
    cursor.execute(
        "delete from trace where case_id in (select raw from raw_ids)"
        " and case_id not in (select case_id from event)"
    )
    gone = "(select raw from raw_ids where raw not in (select case_id from event))"
    cursor.execute(
        f"delete from link where id in {gone} or other_id in {gone}"
        " or list_contains($cases, id) or list_contains($cases, other_id)",
        given,
    )
    for number in _aside(cursor, cases):
        cursor.execute("update set_aside set \"row\" = '{}' where rowid = ?", [number])
    for case in cases:
        replacement = Replacement(case)
        for found in _mentions(cursor, replacement):
            if found.table in ("finding", "set_aside", "saved_filter"):
                _replace(cursor, found)
    _drop_kept(cursor)


def _aside(cursor: Cursor, cases: list[str]) -> list[int]:
    """Rows of `set_aside` of which a value is the id of one of these cases."""
    some = " or ".join(f'contains("row"::varchar, ${n})' for n, _ in enumerate(cases, 1)) or "false"
    found = cursor.execute(f'select rowid, "row"::varchar from set_aside where {some}', cases).fetchall()
    return [number for number, row in found if any(holds(row, case) for case in cases)]


def find_person(context: Context, person: Replacement, log: str | None) -> Iterator[Found]:
    """Where a name stands: as resource, as an attribute, and in the texts about a log."""
    for each in logs_of(context, log):
        with context.events.cursor(each.schema) as cursor:
            for mention in _mentions(cursor, person):
                if mention.derived:
                    continue
                yield Found(each.name, mention.table, mention.label(cursor), mention.rows)
    if log is None:
        with context.events.cursor() as cursor:
            yield from (Found("", m.table, m.column, m.rows) for m in _mentions(cursor, person))


def erase_person(context: Context, person: Replacement, log: str | None) -> None:
    """Put the token in the place of a name, in the raw events and in the layout alike."""
    for each in logs_of(context, log):
        with context.events.writing(each.schema) as cursor:
            mentions = list(_mentions(cursor, person))
            for mention in mentions:
                _replace(cursor, mention)
            if mentions:
                _drop_kept(cursor)
    if log is None:
        with context.events.writing() as cursor:
            for mention in list(_mentions(cursor, person)):
                _replace(cursor, mention)


@dataclass(frozen=True)
class _Mention:
    """A column in which values hold a name, with what they become."""

    table: str
    column: str
    rows: int
    swaps: tuple[tuple[str, str], ...]

    @property
    def derived(self) -> bool:
        return self.table in layout.DERIVED or self.table == "kept_candidates"

    def label(self, cursor: Cursor) -> str:
        """The column by the name that people know."""
        found = cursor.execute(
            "select name from attribute where col = $column and $table in ('event', 'trace')",
            {"column": self.column, "table": self.table},
        ).fetchone()
        return str(found[0]) if found else self.column


def _mentions(cursor: Cursor, name: Replacement) -> Iterator[_Mention]:
    """Every text column of the cursor's schema in which the name stands."""
    columns = cursor.execute(
        "select c.table_name, c.column_name from duckdb_columns() c join duckdb_tables() t"
        " using (database_name, schema_name, table_name)"
        " where c.schema_name = current_schema() and c.database_name = current_database()"
        " and c.data_type in ('VARCHAR', 'JSON') order by all"
    ).fetchall()
    for table, column in columns:
        if (table, column) in EVENTS_KEPT:
            continue
        spelled = " or ".join(f'contains("{column}"::varchar, ${n})' for n, _ in enumerate(name.spellings, 1))
        found = cursor.execute(
            f'select "{column}"::varchar, count(*) from "{table}" where {spelled} group by all',
            list(name.spellings),
        ).fetchall()
        swaps = tuple((old, name.of(old)) for old, _ in found if name.of(old) != old)
        if swaps:
            changed = {old for old, _ in swaps}
            yield _Mention(table, column, sum(n for old, n in found if old in changed), swaps)


def _replace(cursor: Cursor, mention: _Mention) -> None:
    for old, new in mention.swaps:
        cursor.execute(
            f'update "{mention.table}" set "{mention.column}" = $new'
            f' where "{mention.column}"::varchar = $old',
            {"new": new, "old": old},
        )


def _drop_kept(cursor: Cursor) -> None:
    """Forget the candidates that were kept; they are found again when next asked for."""
    cursor.execute("drop table if exists kept_candidates")

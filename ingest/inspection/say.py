"""An inspection in words: what a person reads on the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from home.text import plain, table
from ingest.inspection.contracts import columns_table

if TYPE_CHECKING:
    from ingest.inspection.contracts import Inspection

MOST = 60
"""Columns shown."""


def said(found: "Inspection") -> Iterator[str]:
    """Every part that has something to say, the next command last."""
    yield from _top(found)
    if found.columns:
        yield ""
        yield from columns_table(found.columns[:MOST])
        if len(found.columns) > MOST:
            yield f"… and {len(found.columns) - MOST:,} more columns; --json lists them."
    yield from _proposal(found)
    yield from _cases(found)
    yield from _decisions(found)
    yield from _rehearsal(found)
    yield ""
    if found.path:
        yield plain(f"Written to {found.path}: read it, change what is wrong. Then:")
    for command in found.commands:
        yield plain(command)


def _top(found: "Inspection") -> Iterator[str]:
    how = "".join(f", {name} {value!r}" for name, value in found.read_as.items())
    rows = "all" if found.whole else "the first"
    looked = f"; {rows} {found.rows_looked_at:,} rows looked at" if found.rows_looked_at else ""
    if not found.adapter:
        yield plain(f"{found.source} holds several things.")
        return
    yield plain(f"{found.source}: read as {found.adapter}{how}{looked}.")
    for finding in found.findings:
        yield plain(f"  {finding.severity}: {finding.message}")


def _proposal(found: "Inspection") -> Iterator[str]:
    if not found.columns:
        return
    yield ""
    if found.mapping:
        yield "Proposed by name and content; nothing is assumed until you say so:"
        rows = [{"field": p.field, "column": p.column, "why": p.why} for p in found.mapping]
        width = max(len(p.field) for p in found.mapping)
        yield from (plain(f"  {r['field'].ljust(width)}  {r['column']!r}: {r['why']}") for r in rows)
    for field in found.missing:
        yield f"  {field}: no column looks like it; say --map {field}=COLUMN"
    for note in found.notes:
        yield plain(f"  Note: {note}")


def _cases(found: "Inspection") -> Iterator[str]:
    if len(found.cases) < 2:
        return
    yield ""
    yield "Other columns could be the case (--map case_id=COLUMN):"
    others = [
        {"column": c.column, "cases": c.cases, "rows per case": c.events_per_case} for c in found.cases[1:]
    ]
    yield from (f"  {line}" for line in table(others))


def _decisions(found: "Inspection") -> Iterator[str]:
    if not found.decisions:
        return
    yield ""
    yield "To decide:"
    for d in found.decisions:
        yield from (plain(f"  {line}") for line in d.question.splitlines())


def _rehearsal(found: "Inspection") -> Iterator[str]:
    tried = found.rehearsal
    if tried is None:
        return
    yield ""
    if tried.refused:
        yield plain(f"As it stands it would be refused: {tried.refused}")
        return
    looked = "the rows" if found.whole else "the rows looked at"
    if not tried.set_aside:
        yield f"All of {looked} would be loaded."
        return
    yield f"Of {looked}, {tried.loaded:,} would be loaded and {tried.set_aside:,} set aside:"
    rows = [
        {"where": r.where, "column": r.column, "why": r.reason, "row": r.row} for r in tried.examples[:10]
    ]
    yield from (f"  {line}" for line in table(rows))

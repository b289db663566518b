"""Answers as text for people: aligned tables, short durations, no surprises from hostile names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

WIDEST = 48
NAMED = ("candidate", "log", "plan", "run", "task", "variant")
"""Columns whose values people copy into the next command: never cut."""
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\.\d{3}Z")
ESCAPED = re.compile(r"\\(U[0-9a-f]{8}|.)")


def duration(seconds: float | None) -> str:
    """Seconds as people say them: `45 s`, `12 min`, `3.4 h`, `5.2 d`."""
    if seconds is None:
        return "–"
    size = abs(seconds)
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if size < limit:
            return f"{seconds / unit:.0f} {name}" if unit < 3600 else f"{seconds / unit:.1f} {name}"
    return f"{seconds / 86400:.1f} d"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as a percentage with one decimal."""
    return "–" if share is None else f"{share * 100:.1f} %"


def plain(text: str) -> str:
    """`text` without control characters, so that a name cannot steer the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def inert(value: Any) -> Any:
    """`value`, led by an apostrophe where a spreadsheet would run it as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def cel_text(text: str) -> str:
    """`text` as a CEL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def text_of_cel(literal: str) -> str:
    """The text behind a literal that `cel_text` wrote."""
    return ESCAPED.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else m[1], literal[1:-1])


def cell(name: str, value: Any) -> str:
    """One value as text; fields ending `_s` are durations, moments are told to the minute, in UTC."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_s") and isinstance(value, int | float):
        return duration(value)
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(cell("", v) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {cell(str(k), v)}" for k, v in value.items())
    return MOMENT.sub(r"\1 \2", plain(str(value)))


def table(records: Sequence[Mapping[str, Any]], columns: Iterable[str] | None = None) -> Iterator[str]:
    """Records as aligned columns with a header; numbers to the right, long text cut."""
    if not records:
        return
    names = list(columns or records[0])
    body = [
        [cell(n, record.get(n)) if n in NAMED else _cut(cell(n, record.get(n))) for n in names]
        for record in records
    ]
    right = [all(isinstance(r.get(n), int | float | None) for r in records) for n in names]
    widths = [max(len(n), *(len(row[i]) for row in body)) for i, n in enumerate(names)]
    for row in [names, *body]:
        cells = (t.rjust(w) if r else t.ljust(w) for t, w, r in zip(row, widths, right, strict=True))
        yield "  ".join(cells).rstrip()


def describe(model: BaseModel) -> Iterator[str]:
    """A response as `name: value` lines, then one table for each list of records."""
    values = model.model_dump()
    hidden: frozenset[str] = getattr(model, "hidden", frozenset())
    tables = []
    for name, value in values.items():
        if name in hidden or value is None:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            tables.append((name, value))
        else:
            yield f"{name.removesuffix('_s')}: {cell(name, value)}"
    for name, records in tables:
        yield ""
        yield f"{name} ({len(records)})"
        yield from table(records)


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"

"""The versions of a log's steps: every list there was, and which one is in force."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from home.duck import Cursor
from home.errors import Refused
from ingest.shaping.steps import Step, as_step, as_values


@dataclass(frozen=True)
class Version:
    """One list of steps. Times are UTC and naive."""

    version: int
    """0 is the log as it came."""
    parent: int
    """The version it was made from; undoing it leads there."""
    at: datetime | None
    by: str
    note: str
    steps: tuple[Step, ...]


ORIGIN = Version(0, 0, None, "", "as it came", ())


def history(cursor: Cursor) -> list[Version]:
    """Every version, the log as it came first."""
    found = cursor.execute(
        "select version, parent, made_at, made_by, note, steps from shape order by version"
    ).fetchall()
    return [ORIGIN, *map(_version, found)]


def current(cursor: Cursor) -> Version:
    """The version in force."""
    found = cursor.execute(
        "select version, parent, made_at, made_by, note, steps from shape"
        " where version = (select arg_max(version, move) from shape_move)"
    ).fetchone()
    return _version(found) if found else ORIGIN


def keep(cursor: Cursor, steps: Sequence[Step], *, by: str, at: datetime, note: str) -> Version:
    """Put `steps` in force as a new version made from the one in force."""
    parent = current(cursor).version
    (number,) = cursor.execute("select coalesce(max(version), 0) + 1 from shape").fetchone() or (1,)
    made = Version(number, parent, at, by, note, tuple(steps))
    cursor.execute(
        "insert into shape values (?, ?, ?, ?, ?, ?)", [number, parent, at, by, note, text_of(steps)]
    )
    move(cursor, number, by=by, at=at)
    return made


def move(cursor: Cursor, version: int, *, by: str, at: datetime) -> None:
    """Put a version in force that there is."""
    cursor.execute(
        "insert into shape_move select coalesce(max(move), 0) + 1, ?, ?, ? from shape_move", [version, at, by]
    )


def before(cursor: Cursor) -> Version:
    """What undoing leads to; raises `Refused` where nothing was changed."""
    now = current(cursor)
    if not now.version:
        raise Refused("There is nothing to undo: the log is as it came.")
    return find(cursor, now.parent)


def after(cursor: Cursor) -> Version:
    """What redoing leads to, the newest version made from the one in force; raises `Refused`."""
    now = current(cursor)
    made = [v for v in history(cursor)[1:] if v.parent == now.version]
    if not made:
        raise Refused(f"There is nothing to redo: no version was made from version {now.version}.")
    return made[-1]


def find(cursor: Cursor, number: int) -> Version:
    """The version of that number; raises `Refused` naming those there are."""
    versions = history(cursor)
    if not 0 <= number < len(versions):
        raise Refused(
            f"There is no version {number}: the log has versions 0 to {len(versions) - 1}.",
            hint="0 is the log as it came.",
        )
    return versions[number]


def text_of(steps: Sequence[Step]) -> str:
    """Steps as JSON, one text for one list."""
    return json.dumps([as_values(step) for step in steps], ensure_ascii=False)


def _version(row: tuple[Any, ...]) -> Version:
    number, parent, at, by, note, text = row
    steps = tuple(as_step(values, f"step {n}") for n, values in enumerate(json.loads(text), 1))
    return Version(number, parent, at, by, note, steps)

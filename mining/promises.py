"""What was promised: until when a case had to be done, by an attribute of its own or by a limit for all."""

import re
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from home.duck import Cursor
from home.errors import SettingError
from home.sql import read_sql
from mining.anchors import Anchors

_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def weigh_promises(cursor: Cursor, log: str, anchors: Anchors) -> str | None:
    """Fill the temporary table `broken` (cid, hours): what each case costs that ended after its promise.

    A limit that the anchors give for the log comes first (`[promised]`), else a case attribute of times
    whose name is among theirs (`due`). Returns what was due in words; None where no promise is known, and
    `broken` is empty then. Raises `SettingError` for a limit that is no ISO 8601 duration.
    """
    limit = anchors.promised.get(log)
    column, words = "null::timestamp", None
    values: dict[str, Any] = {"hours": anchors.pain["penalty_h"]}
    if limit is not None:
        column, words = "t0 + to_microseconds($limit)", f"done within {limit}"
        values["limit"] = int(_seconds(log, limit) * 1_000_000)
    elif (found := _due(cursor, anchors.pain["due"])) is not None:
        column, words = found[1], f"done by {found[0]!r}"
    cursor.execute(read_sql("mining.sql", "broken").replace("/*due*/", column), values)
    return words


def _due(cursor: Cursor, names: list[str]) -> tuple[str, str] | None:
    """Name and column of the first case attribute of times that is called so."""
    times = cursor.execute(
        "select name, col from attribute where scope = 'case' and type = 'time' order by name"
    ).fetchall()
    known = {_plain(name): (name, column) for name, column in reversed(times)}
    return next((known[plain] for name in names if (plain := _plain(name)) in known), None)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _seconds(log: str, limit: object) -> float:
    try:
        return _DURATION.validate_python(limit, strict=False).total_seconds()
    except ValidationError as error:
        raise SettingError(
            f"The anchors promise {log!r} within {limit!r}, which is no ISO 8601 duration.",
            hint="Write a limit like P5D or PT8H.",
        ) from error

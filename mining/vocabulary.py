"""What a filter may speak of: the columns of a case, and the names that occur in one log."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

from home.duck import Cursor

Type = Literal["text", "number", "boolean", "time", "null"]
Members = Literal["activities", "resources", "systems"]

COLUMNS: dict[str, tuple[str, Type]] = {
    "case_id": ("cv.case_id", "text"),
    "start": ("cv.t0", "time"),
    "end": ("cv.t1", "time"),
    "duration_s": ("(epoch_us(cv.t1) - epoch_us(cv.t0)) / 1e6", "number"),
    "events": ("cv.n", "number"),
    "variant": ("(cv.vid + 1)", "number"),
    "first": ("(select name from activity where aid = cv.sa)", "text"),
    "last": ("(select name from activity where aid = cv.ea)", "text"),
}
MEMBERS: dict[Members, str] = {
    "activities": "cv.vid in (select vid from variant where list_contains(acts, {0}::uinteger))",
    "resources": "cv.cid in (select cid from instance where rid = {0})",
    "systems": "cv.cid in (select cid from instance where sid = {0})",
}
"""Conditions on cases that have a numbered activity, resource or system."""
SEQUENCES = {
    "follows": """cv.vid in (select vid from variant where list_position(acts, {0}::uinteger)
      <= len(acts) - list_position(list_reverse(acts), {1}::uinteger))""",
    "directly_follows": """cv.vid in (select vid from variant where
      list_contains(list_zip(acts[:-2], acts[2:]), row({0}::uinteger, {1}::uinteger)))""",
}
"""Conditions on cases where one numbered activity comes before another."""
TEXT_TESTS = {
    "startsWith": "starts_with({0}, {1})",
    "endsWith": "ends_with({0}, {1})",
    "contains": "contains({0}, {1})",
    "matches": "regexp_matches({0}, {1})",
}
_NUMBERED = {
    "activities": "select name, aid from activity",
    "resources": "select name, rid from resource",
    "systems": "select name, sid from system",
}
SINGULAR = {"activities": "activity", "resources": "resource", "systems": "system"}


class Vocabulary:
    """The attributes and names of the log behind a cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._numbers: dict[str, dict[str, int]] = {}
        found = cursor.execute("select name, col, type from attribute where scope = 'case'").fetchall()
        self.attributes: dict[str, tuple[str, Type]] = {name: (f'cv."{col}"', t) for name, col, t in found}

    @cached_property
    def saved(self) -> dict[str, str]:
        """Saved filters by name."""
        found = self._cursor.execute("select name, expression from saved_filter order by name").fetchall()
        return dict(found)

    def numbers(self, kind: Members) -> dict[str, int]:
        """Activities, resources or systems by name."""
        if kind not in self._numbers:
            self._numbers[kind] = dict(self._cursor.execute(_NUMBERED[kind]).fetchall())
        return self._numbers[kind]

    def described(self) -> str:
        """The case attributes in one sentence, as far as they fit."""
        if not self.attributes:
            return "This log has no case attributes."
        names = sorted(self.attributes)
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        return f"Its case attributes: {', '.join(names[:12])}{more}."

    def is_pattern(self, pattern: str) -> bool:
        """Whether `pattern` is a regular expression (RE2)."""
        import duckdb

        try:
            self._cursor.execute("select regexp_matches('', $pattern)", {"pattern": pattern})
        except duckdb.Error:
            return False
        return True


def meant(name: str, known: Iterable[str]) -> str:
    """`Did you mean …?` with the nearest known names, or nothing."""
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""

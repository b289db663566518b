"""What every check of a log is given: its tables, its clock and its names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from home.duck import Cursor, rows
from home.sql import read_sql
from ingest.catalog import Log
from ingest.contracts import Severity
from ingest.quality.contracts import QualityFinding

EXAMPLES = 3
SAMPLED = 500_000
"""Instances beyond which questions that need no exact count are asked of a sample of whole cases."""


@dataclass(frozen=True)
class Facts:
    """One log to be checked; the cursor is in its schema."""

    cursor: Cursor
    log: Log
    now: datetime

    def ask(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of `quality/sql/NAME.sql`."""
        return rows(self.cursor.execute(read_sql("ingest.quality.sql", name), parameters))

    def one(self, name: str, **parameters: Any) -> dict[str, Any]:
        """The only row of `quality/sql/NAME.sql`."""
        return self.ask(name, **parameters)[0]

    def activities(self) -> dict[int, str]:
        """Name of each activity by its id."""
        return dict(self.cursor.execute("select aid, name from activity").fetchall())

    def attributes(self, scope: str) -> Iterator[tuple[str, str]]:
        """Name and column of each attribute of the case or of the event."""
        found = self.cursor.execute("select name, col from attribute where scope = ? order by col", [scope])
        yield from found.fetchall()

    @property
    def sampling(self) -> int:
        """Every how manieth case is asked where a sample will do."""
        return max(1, -(-self.log.instances // SAMPLED))


def found(
    code: str,
    severity: Severity,
    count: int,
    message: str,
    *,
    of: float | None = None,
    do: str = "",
    examples: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    command: str = "",
) -> QualityFinding:
    """A finding; `of` is how many there are in all, examples are cases or else `names`."""
    return QualityFinding(
        code=code,
        severity=severity,
        count=count,
        share=round(count / of, 4) if of else None,
        message=message,
        do=do,
        examples=(examples or names)[:EXAMPLES],
        examples_are="names" if names else "cases",
        command=command,
    )


def listed(names: "list[str] | tuple[str, ...]", most: int = 4) -> str:
    """Names in quotes, the first few of them."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def many(number: int, thing: str) -> str:
    """`1 case`, `12 cases`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"

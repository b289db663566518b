"""`baton audit list`: who did what and when, page by page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, field_validator

from home.context import Context
from home.contracts import Json, Request, Response, utc_text
from home.text import table


class AuditListRequest(Request):
    """Which rows; filters that are given must all hold."""

    action: str | None = None
    """What was done: `start`, `decide`, `publish`, `drop` …"""
    actor: str | None = None
    """Who did it."""
    subject: str | None = None
    """What it was done to: a run, a task, a log; `name*` is all that begin so."""
    since: datetime | None = None
    """From this moment on; UTC where it names no zone."""
    until: datetime | None = None
    """Before this moment."""
    after: int | None = Field(default=None, ge=1)
    """Go on after this row: `next` of the page before."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Rows at most."""

    @field_validator("since", "until")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        if moment is None or moment.tzinfo is None:
            return moment and moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)


class AuditRow(Response):
    """One action."""

    seq: int
    """Its place in the chain."""
    at: str
    """When, ISO 8601 in UTC."""
    actor: str
    """Who; empty where it was erased."""
    action: str
    subject: str
    detail: Json | None
    """What else was said; absent where it was erased."""


class AuditRows(Response):
    """Actions, newest first."""

    rows: list[AuditRow]
    next: int | None
    """What `--after` takes for the next page; absent at the end."""

    def lines(self) -> Iterator[str]:
        """One line per action."""
        if not self.rows:
            yield "Nothing in the audit fits."
            return
        yield from table([row.model_dump() for row in self.rows])
        if self.next is not None:
            yield f"More: --after {self.next}"


CONDITIONS = {
    "action": "action = :action",
    "actor": "actor = :actor",
    "subject": "subject = :subject",
    "since": "at >= :since",
    "until": "at < :until",
    "after": "seq < :after",
}


def audit_list(context: Context, request: AuditListRequest) -> AuditRows:
    """Who did what, newest first. Filters can be combined; the last page is as fast as the first."""
    import json

    given = {name: value for name in CONDITIONS if (value := getattr(request, name)) is not None}
    values: dict[str, Any] = {
        name: utc_text(value) if isinstance(value, datetime) else value for name, value in given.items()
    }
    conditions = [CONDITIONS[name] for name in given]
    prefix = (request.subject or "").removesuffix("*")
    if request.subject and request.subject.endswith("*"):
        # A range, not LIKE: it can use the index, and no name can hold a wildcard by accident.
        conditions[conditions.index(CONDITIONS["subject"])] = "subject >= :subject and subject < :beyond"
        values |= {"subject": prefix, "beyond": prefix + "\U0010ffff"}
    where = f"where {' and '.join(conditions)}" if conditions else ""
    found = context.state.rows(
        f"select seq, at, actor, action, subject, detail from audit {where}"  # noqa: S608 - fixed conditions
        " order by seq desc limit :page",
        values | {"page": request.limit + 1},
    )
    rows = [
        AuditRow(**row | {"detail": json.loads(row["detail"]) if row["detail"] else None})
        for row in found[: request.limit]
    ]
    return AuditRows(rows=rows, next=rows[-1].seq if len(found) > request.limit else None)

"""What a trigger is: one of five kinds of occasions, and how each occurrence becomes a run's data."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from home.contracts import Contract, utc_text
from orchestrate.contracts import Priority

NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"
"""Names go into addresses, queues and file names: nothing that could mean more than itself."""
Moment = Annotated[datetime, PlainSerializer(utc_text, return_type=str, when_used="json")]
Kind = Literal["schedule", "webhook", "event", "rows", "run"]
Missed = Literal["one", "all", "none"]
Outcome = Literal["started", "known", "skipped", "refused", "missed"]
Expression = str
"""A CEL expression over `data` (what came in) and `event` (facts about its coming, such as `event.id`)."""


class Schedule(Contract):
    """Moments on a wall clock."""

    kind: Literal["schedule"] = "schedule"
    cron: str
    """Minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly, @yearly."""
    tz: str = "UTC"
    """IANA zone whose clock is meant."""
    missed: Missed = "one"
    """What was missed while nothing ran: one run for all of it, a run for each (of the newest hundred), or
    none."""
    jitter_s: float = Field(default=0.0, ge=0, le=86_400)
    """Each occurrence comes up to so much later; the same one always by the same."""


class Webhook(Contract):
    """Signed requests to `POST /api/hooks/NAME`."""

    kind: Literal["webhook"] = "webhook"
    secrets: tuple[str, ...]
    """References to secrets, any of which may have signed; two while one takes the other's place."""
    tolerance_s: float = Field(default=300.0, gt=0, le=3600)
    """How old or early a request's time may be."""


class Event(Contract):
    """CloudEvents in a queue or topic."""

    kind: Literal["event"] = "event"
    broker: str
    """Address or reference, as for a named source."""
    queue: str | None = None
    """Queue or topic, where the address does not name it."""
    type: str = "*"
    """Pattern of the event's type; `*` stands for any characters."""
    source: str = "*"
    """Pattern of its source."""
    subject: str = "*"
    """Pattern of its subject."""


class Rows(Contract):
    """New rows of a table, a query, a service or a file."""

    kind: Literal["rows"] = "rows"
    source: str
    """File, address or reference."""
    cursor: str | None = None
    """Column that tells new rows from old ones; without it every row is told by its business key."""
    every_s: float = Field(default=60.0, ge=1)
    existing: bool = False
    """Rows that are there already start runs too."""
    options: dict[str, Any] = {}
    """How it is read: adapter, table, query, records, overlap, …"""


class AfterRun(Contract):
    """The end of a run of a plan."""

    kind: Literal["run"] = "run"
    plan: str
    """Whose runs are followed."""
    outcome: Literal["done", "cancelled", "any"] = "done"
    deepest: int = Field(default=10, ge=1, le=1000)
    """Runs in a row that were started by the end of another, at most."""


Occasion = Annotated[Schedule | Webhook | Event | Rows | AfterRun, Field(discriminator="kind")]


class Trigger(Contract):
    """What starts runs of a plan."""

    format: Literal[1] = 1
    name: str = Field(pattern=NAME)
    plan: str
    """Whose runs it starts."""
    version: int | None = None
    """Version of the plan; the newest without it."""
    on: Occasion
    set: dict[str, Expression] = {}
    """Field of the run's data to the expression that gives it; without any, the data is what came in."""
    key: Expression | None = None
    """Gives the business key: one run of the plan per key."""
    when: Expression | None = None
    """Whether an occurrence starts a run at all."""
    priority: Priority | None = None
    """Of its runs; the plan's without it."""
    most_open: int = Field(default=1000, ge=1)
    """Runs of it that may be under way; events and rows beyond wait, other occurrences do not."""

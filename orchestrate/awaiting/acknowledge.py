"""Acknowledgements: the link in a notification, what becomes of it, and how many are ignored."""

from collections.abc import Iterator
from html import escape
from typing import Any

from pydantic import Field
from sqlalchemy import text

from home.context import Context
from home.contracts import Json, Request, Response
from home.text import percent, plain, table
from orchestrate.awaiting.callbacks import answered
from orchestrate.awaiting.tokens import public_url, read_token, signed
from orchestrate.connectors.port import Work
from orchestrate.models.agreement import wilson
from orchestrate.people.approvals import TooLate
from orchestrate.records.audit import record

PURPOSE = "acknowledge"
REFERRER = "<meta name=referrer content=same-origin><meta name=viewport content='width=device-width'>"
"""Under the policy `no-referrer` a browser hides the form's origin, and the form would be refused."""
SAY = (
    "update notification set acknowledged = :at, acknowledged_by = :by"
    " where key = :key and acknowledged is null"
)


class AcknowledgeRequest(Request):
    """Somebody has seen a notification."""

    token: str
    """The last part of the link."""
    by: str = "link"
    """Who; `link` is whoever had it."""


class Acknowledged(Response):
    """What came of it."""

    step: str
    plan: str
    again: bool
    """Somebody had acknowledged it before."""
    late: bool
    """The time for it was over, and somebody else was asked."""


class Shown(Response):
    """What a link is about, before anything happens."""

    step: str
    plan: str
    acknowledged: bool


def link(context: Context, work: Work) -> str:
    """The address at which this attempt's notification is acknowledged."""
    token = signed(context, PURPOSE, work.key, work.run, work.node, work.visit, work.attempt)
    return public_url(context, f"api/acknowledge/{token}")


def shown(context: Context, token: str) -> Shown:
    """What a link is about; changes nothing, since programs that look for harmful links follow them too."""
    row = _found(context, read_token(context, PURPOSE, token)[0])
    acknowledged = row["acknowledged"] is not None
    return Shown(step=row["step"], plan=row["plan"], acknowledged=acknowledged)


def acknowledge(context: Context, request: AcknowledgeRequest) -> Acknowledged:
    """Keep that somebody has seen a notification, and let the run go on. Raises `BadToken`."""
    key, run, node, visit, attempt = read_token(context, PURPOSE, request.token)
    row, now = _found(context, key), context.clock.now()
    place = {"node": node, "visit": visit, "attempt": attempt}
    late = False
    with context.state.transaction() as connection:
        said = {"key": key, "at": now.timestamp(), "by": request.by}
        again = connection.execute(text(SAY), said).rowcount == 0
        if not again:
            record(connection, at=now, actor=request.by, action="acknowledge", subject=run, step=row["step"])
            output = {"acknowledged": True, "acknowledged_by": request.by}
            try:
                answered(connection, run, "succeeded", place, {"output": output}, now.timestamp())
            except TooLate:
                late = True
    return Acknowledged(step=row["step"], plan=row["plan"], again=again, late=late)


def page(found: Shown | Acknowledged) -> str:
    """The page behind a link: plain HTML, without a script."""
    what = f"{escape(found.step)} <small>({escape(found.plan)})</small>"
    if isinstance(found, Shown) and not found.acknowledged:
        said = "<form method=post><button>I have seen this</button></form>"
    elif isinstance(found, Acknowledged) and found.late:
        said = "<p>Thank you. Its time was over, and somebody else has been asked meanwhile.</p>"
    else:
        said = "<p>Thank you, this is acknowledged.</p>"
    style = (
        "body{font:1.1rem system-ui;margin:4rem auto;max-width:30rem}button{font:inherit;padding:.6rem 1rem}"
    )
    head = f"<meta charset=utf-8>{REFERRER}<style>{style}</style>"
    return f"<!doctype html><html lang=en><title>Baton</title>{head}<h1>{what}</h1>{said}</html>"


class NotificationsRequest(Request):
    """Which notifications to count."""

    plan: str | None = None
    """Only those of this plan."""
    days: int = Field(default=90, ge=1, le=3650)
    """Only those sent in the last so many days."""


class NotificationRow(Response):
    """The notifications of one step."""

    plan: str
    step: str
    services: str
    sent: int
    asked: int
    """Of them, those that somebody was to acknowledge and whose time is over, or that are acknowledged."""
    acknowledged: int
    """In time."""
    ignored: int
    ignored_share: float | None
    interval: list[float]
    """Wilson's 95 % interval of the share; empty where nobody was asked."""
    waiting: int
    """Whose time is not over."""


class NotificationList(Response):
    """What was sent, and what was ignored."""

    rows: list[NotificationRow]

    def lines(self) -> Iterator[str]:
        """One line per step."""
        if not self.rows:
            yield "No notification was sent."
            return
        yield from table([_line(row) for row in self.rows])
        for row in self.rows:
            if row.interval and row.interval[0] > 0.5:
                yield plain(f"{row.step} is ignored more often than not. Is it needed, and does it go to")
                yield "the right people?"


def _line(row: NotificationRow) -> Json:
    low_high = f" ({percent(row.interval[0])} to {percent(row.interval[1])})" if row.interval else ""
    ignored = f"{row.ignored} of {row.asked} = {percent(row.ignored_share)}{low_high}" if row.asked else "–"
    return {"plan": row.plan, "step": row.step, "sent": row.sent, "waiting": row.waiting, "ignored": ignored}


COUNTED = (
    "select substr(plan, 1, instr_at - 1) as plan, step, services, count(*) as sent,"
    " sum(case when expected <= :now or acknowledged is not null then 1 else 0 end) as asked,"
    " sum(case when acknowledged <= expected then 1 else 0 end) as acknowledged,"
    " sum(case when expected > :now and acknowledged is null then 1 else 0 end) as waiting"
    " from (select n.*, {at} as instr_at from notification n) n where sent is not null and begun >= :since"
    " and (cast(:plan as text) is null or substr(plan, 1, instr_at - 1) = :plan)"
    " group by substr(plan, 1, instr_at - 1), step, services order by 1, 2"
)


def notifications(context: Context, request: NotificationsRequest) -> NotificationList:
    """How many notifications each step has sent, and what share of those to be acknowledged was ignored."""
    now = context.clock.now().timestamp()
    at = "strpos(n.plan, '@')" if context.state.is_postgres else "instr(n.plan, '@')"
    since = now - request.days * 86_400
    found = context.state.rows(COUNTED.format(at=at), {"now": now, "since": since, "plan": request.plan})
    return NotificationList(rows=[_row(row) for row in found])


def _row(row: Json) -> NotificationRow:
    ignored = row["asked"] - row["acknowledged"]
    interval = list(wilson(ignored, row["asked"])) if row["asked"] else []
    share = ignored / row["asked"] if row["asked"] else None
    return NotificationRow(**row, ignored=ignored, ignored_share=share, interval=interval)


def _found(context: Context, key: Any) -> Json:
    row = context.state.row("select * from notification where key = :key", {"key": str(key)})
    if row is None:
        from home.errors import NotFound

        raise NotFound("This notification is not known any more.")
    return row

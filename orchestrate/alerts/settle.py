"""`baton alerts settle`: somebody has seen to an alert, one or many; or takes that back."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import text

from home.context import Context
from home.contracts import Argument, Request, Response
from home.errors import BatonError, NotFound, Refused
from home.text import table
from orchestrate.alerts.store import KEY, WHERE, find_alert, look, standing
from orchestrate.people.moments import moment
from orchestrate.records.audit import record
from orchestrate.runs.steered import Several

SETTLE = text(
    f"update alert set settled = :at, settled_by = :who, note = :note"  # noqa: S608 - fixed names
    f" where settled is null and ended is null and {WHERE}"
)
REOPEN = text(
    f"update alert set settled = null, settled_by = null, note = null"  # noqa: S608 - fixed names
    f" where settled is not null and ended is null and {WHERE}"
)


class NotSettled(Refused):
    """The alert is not as it would have to be."""

    code = "not_settled"


class SettleRequest(Request):
    """Which alerts to settle."""

    alert: Annotated[tuple[str, ...], Several, Argument("ALERT"), Field(min_length=1, max_length=10_000)]
    """Ids of the alerts; `baton alerts` lists them."""
    by: str | None = None
    """Who has seen to them; default is the operating-system user."""
    note: str = ""
    """What was done; kept with the alert and in the audit."""
    reopen: bool = False
    """Take it back: they are open again."""


class SettledRow(Response):
    """What became of one alert."""

    alert: str
    result: Literal["done", "refused"]
    why: str
    """Why it was refused."""


class Settled(Response):
    """What became of each alert."""

    done: int
    refused: int
    reopened: bool
    """Whether settling was taken back."""
    rows: list[SettledRow]

    def lines(self) -> Iterator[str]:
        """How many; one line for each that was refused."""
        what = "open again" if self.reopened else "settled"
        yield f"{self.done:,} {'alert is' if self.done == 1 else 'alerts are'} {what}."
        if self.refused:
            yield from table([row.model_dump() for row in self.rows if row.result == "refused"])


def settle(context: Context, request: SettleRequest) -> Settled:
    """Settle alerts: somebody has seen to them. They are counted and sent no more.

    One that is over already, or was settled before, is refused; among several it keeps no other from
    being settled. With `--reopen` they are open again.
    """
    look(context.state, context.clock.now().timestamp())
    rows, chosen = [], list(dict.fromkeys(request.alert))
    for alert in chosen:
        try:
            _one(context, alert, request)
        except (NotFound, NotSettled) as error:
            if len(chosen) == 1:
                raise
            rows.append(SettledRow(alert=alert, result="refused", why=error.message))
        else:
            rows.append(SettledRow(alert=alert, result="done", why=""))
    refused = sum(row.result == "refused" for row in rows)
    return Settled(done=len(rows) - refused, refused=refused, reopened=request.reopen, rows=rows)


def _one(context: Context, alert: str, request: SettleRequest) -> None:
    row = find_alert(context.state, alert)
    now, who = context.clock.now(), request.by or context.actor
    key = {name: row[name] for name in KEY}
    with context.state.transaction() as connection:
        if request.reopen:
            changed = connection.execute(REOPEN, key)
        else:
            values = {"at": now.timestamp(), "who": who, "note": request.note or None}
            changed = connection.execute(SETTLE, key | values)
        if changed.rowcount != 1:
            raise _refusal(context, alert)
        action = "reopen alert" if request.reopen else "settle alert"
        detail = {"message": row["message"], "note": request.note}
        record(connection, at=now, actor=who, action=action, subject=alert, **detail)


def _refusal(context: Context, alert: str) -> BatonError:
    row = find_alert(context.state, alert)
    match standing(row):
        case "over":
            why = f"is over since {moment(row['ended'])}: its cause is no more"
        case "settled":
            why = f"was settled by {row['settled_by']} at {moment(row['settled'])}"
        case _:
            why = "is open"
    return NotSettled(f"Alert {alert!r} {why}.", hint="Nothing was changed. `baton alerts --all` shows it.")

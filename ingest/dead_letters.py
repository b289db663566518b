"""Events that could not be loaded: shown with the reason, sent on their way again, or discarded."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import model_validator
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Contract, Option, Request, Response
from home.errors import unknown
from ingest.contracts import Moment


class DeadLettersRequest(Request):
    """Which dead letters."""

    log: Annotated[str | None, Argument("LOG")] = None
    """Name of the event log; of every log without it."""


class ChosenLettersRequest(Request):
    """Some dead letters, or those of a log."""

    letter: Annotated[tuple[str, ...], Argument("ID")] = ()
    """Ids, as `baton dead-letters list` shows them."""
    log: Annotated[str | None, Option(("--log",), "NAME")] = None
    """All of this log."""

    @model_validator(mode="after")
    def _something(self) -> "ChosenLettersRequest":
        if bool(self.letter) == (self.log is not None):
            raise ValueError("name dead letters by their ids, or all of a log with --log")
        return self


class DeadLetter(Contract):
    """One event that could not be loaded."""

    id: str
    log: str
    source: str
    """Where it came from: the CloudEvent's source, or the queue."""
    event: str
    """Its id there."""
    reason: str
    tries: int
    received_at: Moment
    failed_at: Moment
    payload: Any
    """The event as it came; text where it is no JSON."""


class DeadLetterList(Response):
    """Events that could not be loaded."""

    rows: tuple[DeadLetter, ...]

    def lines(self) -> Iterator[str]:
        """A table, or that there are none."""
        from home.text import table

        if not self.rows:
            yield "There are no dead letters."
        shown = [
            {
                **{"id": row.id, "log": row.log, "event": row.event, "reason": row.reason},
                **{"tries": row.tries, "failed": f"{row.failed_at:%Y-%m-%d %H:%M}"},
            }
            for row in self.rows
        ]
        yield from table(shown)
        if self.rows:
            yield "`baton dead-letters retry ID` sends one on its way again, `discard` forgets it."


class Settled(Response):
    """Dead letters that are none any more."""

    count: int
    message: str

    def lines(self) -> Iterator[str]:
        """What became of them."""
        yield self.message


def list_dead_letters(context: Context, request: DeadLettersRequest) -> DeadLetterList:
    """Pushed and consumed events that could not be loaded, the newest last, each with the reason."""
    found = context.state.rows(
        "select * from dead_letter where cast(:log as text) is null or log = :log order by failed_at, id",
        {"log": request.log},
    )
    return DeadLetterList(rows=tuple(_letter(row) for row in found))


def retry_dead_letters(context: Context, request: ChosenLettersRequest) -> Settled:
    """Send dead letters on their way again, such as after the mapping was mended."""
    chosen = _chosen(context, request)
    with context.state.transaction() as connection:
        for row in chosen:
            _revive(connection, row)
    return Settled(count=len(chosen), message=f"{_counted(chosen)} will be loaded again in a moment.")


def discard_dead_letters(context: Context, request: ChosenLettersRequest) -> Settled:
    """Forget dead letters; the same events would still be known as duplicates."""
    chosen = _chosen(context, request)
    with context.state.transaction() as connection:
        for row in chosen:
            connection.execute(text("delete from dead_letter where id = :id"), {"id": row["id"]})
    return Settled(count=len(chosen), message=f"{_counted(chosen)} discarded.")


def _revive(connection: Connection, row: dict[str, Any]) -> None:
    """Give the arrival its payload back, under a new number."""
    (head,) = connection.execute(
        text(
            "update arrival_queue set head = head + 1, waiting = waiting + 1 where queue = :queue"
            " returning head"
        ),
        row,
    ).one()
    values = {**row, "seq": head}
    done = connection.execute(
        text(
            "update arrival set queue = :queue, seq = :seq, payload = :payload, tries = 0"
            " where log = :log and source = :source and id = :event_id and payload is null"
        ),
        values,
    ).rowcount
    if done == 0:  # its id was forgotten long ago
        connection.execute(
            text(
                "insert into arrival(queue, seq, log, source, id, payload, received_at)"
                " values (:queue, :seq, :log, :source, :event_id, :payload, :received_at)"
            ),
            values,
        )
    connection.execute(text("delete from dead_letter where id = :id"), row)


def _chosen(context: Context, request: ChosenLettersRequest) -> list[dict[str, Any]]:
    found = context.state.rows("select * from dead_letter order by failed_at, id")
    if request.log is not None:
        return [row for row in found if row["log"] == request.log]
    known = {row["id"]: row for row in found}
    for name in request.letter:
        if name not in known:
            raise unknown("dead letter", name, list(known), listing="baton dead-letters list")
    return [known[name] for name in dict.fromkeys(request.letter)]


def _counted(chosen: list[Any]) -> str:
    return f"{len(chosen):,} event{'' if len(chosen) == 1 else 's'}"


def _letter(row: dict[str, Any]) -> DeadLetter:
    try:
        payload = json.loads(row["payload"])
    except (ValueError, RecursionError):
        payload = row["payload"]
    names = ("id", "log", "source", "reason", "tries")
    return DeadLetter(
        **{name: row[name] for name in names},
        event=row["event_id"],
        received_at=_moment(row["received_at"]),
        failed_at=_moment(row["failed_at"]),
        payload=payload,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

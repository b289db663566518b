"""Results that come later: the address a system posts them to, and what becomes of what it posts."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Request, Response
from home.errors import Refused
from orchestrate.awaiting.tokens import public_url, read_token, signed
from orchestrate.connectors.port import Work
from orchestrate.engine.journal import post_in
from orchestrate.people.approvals import TooLate

PURPOSE = "callback"
MOST_BYTES = 4 * 2**20
STATE = "update run set head = head where id = :run returning status, state"


class CallbackRequest(Request):
    """A result that a system posts."""

    token: str
    """The last part of the address it was given."""
    body: str
    """A JSON object: the output, or `{"error": WHY, "retryable": true|false}`."""


class CallbackTaken(Response):
    """The result is kept, and the run goes on."""

    taken: bool = True


def callback_url(context: Context, work: Work) -> str:
    """Where the result of this attempt is posted to; good for this attempt alone."""
    token = signed(context, PURPOSE, work.run, work.node, work.visit, work.attempt)
    return public_url(context, f"api/callbacks/{token}")


def callback(context: Context, request: CallbackRequest) -> CallbackTaken:
    """Take the result of an attempt whose system answered that it comes later.

    Raises `BadToken`, `Refused` for a body that is no JSON object, and `TooLate` where the run no longer
    waits for this attempt: it was answered already, timed out, or was cancelled.
    """
    run, node, visit, attempt = read_token(context, PURPOSE, request.token)
    said = _read(request.body)
    if "error" in said:
        fields = {"error": str(said["error"])[:2000], "retryable": said.get("retryable") is not False}
        kind = "failed"
    else:
        kind, fields = "succeeded", {"output": said}
    place = {"node": node, "visit": visit, "attempt": attempt}
    with context.state.transaction() as connection:
        answered(connection, run, kind, place, fields, context.clock.now().timestamp())
    return CallbackTaken()


def answered(
    connection: Connection,
    run: str,
    kind: str,
    place: Mapping[str, Any],
    fields: Mapping[str, Any],
    at: float,
) -> None:
    """Post what became of an attempt to its run, if the run still waits for it; raises `TooLate`."""
    if not waits_for(connection, run, place):
        raise TooLate(
            f"Run {run!r} no longer waits for this answer.",
            hint="It was answered before, its time ran out, or the run has ended.",
        )
    post_in(connection, run, kind, {**place, **fields}, at)


def waits_for(connection: Connection, run: str, place: Mapping[str, Any]) -> bool:
    """Whether a run still waits for an attempt; locks the run until the transaction ends."""
    found = connection.execute(text(STATE), {"run": run}).first()
    if found is None or found.status != "open":
        return False
    token = json.loads(found.state)["open"].get(place["node"], {})
    mine = (token.get("visit"), token.get("attempt")) == (place["visit"], place["attempt"])
    if not mine or token.get("phase") not in ("ready", "accepted"):
        return False
    already = "select payload from inbox where run = :run and kind in ('succeeded', 'failed')"
    posted = (json.loads(row.payload) for row in connection.execute(text(already), {"run": run}))
    return not any(all(payload.get(k) == v for k, v in place.items()) for payload in posted)


def _read(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body or "{}")
    except (ValueError, RecursionError) as error:
        raise Refused("The result is not JSON.", hint="Post the step's output as a JSON object.") from error
    if not isinstance(found, dict):
        raise Refused("The result is no JSON object.", hint="Post the step's output as a JSON object.")
    return found

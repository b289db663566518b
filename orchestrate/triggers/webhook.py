"""Signed requests that start runs: Standard Webhooks, each `webhook-id` once, and no word to strangers.

What is not signed by one of the trigger's secrets, or at another time, gets 401 and learns nothing, not
even whether there is such a trigger. What is signed learns what is wrong with it.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from home.contracts import utc_text
from home.database import Database
from home.errors import BatonError, Refused, SettingError
from home.settings import secret
from orchestrate.triggers import store
from orchestrate.triggers.contracts import Webhook
from orchestrate.triggers.fire import Fired, Occurrence, Starter
from orchestrate.triggers.payload import parsed
from orchestrate.triggers.store import Kept, Moved

MOST_BODY = 1 << 20
"""Bytes of one request."""
MOST_SIGNATURES = 16
SECONDS = re.compile(r"\d{1,11}")
JSON = re.compile(r"application/([\w.-]+\+)?json")
PAUSED_S = 60
"""Seconds after which a paused trigger may be asked again."""
AWAY_S = 5
FIND = "select * from plan_trigger where name = :name and kind = 'webhook'"


@dataclass(frozen=True)
class Answer:
    """What a request is answered."""

    status: int
    body: dict[str, Any]
    retry_s: int | None = None


UNSIGNED = Answer(401, {"error": {"code": "unauthorised", "message": "This is not signed as it must be."}})


def receive(starter: Starter, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Check a request's signature and start its run; the same `webhook-id` gets the same answer.

    202 with the run, 401 for what is not signed, 413, 415 and 422 for what cannot be used, 503 while
    the trigger is paused or the store is away: to be sent again. Raises nothing that is expected.
    """
    try:
        return _received(starter, name, headers, body)
    except BatonError as error:
        if not error.retryable and not isinstance(error, Moved):
            raise
        return _refusal(503, "away", "Nothing can be started now; send it again.", AWAY_S)


def _received(starter: Starter, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
    if len(body) > MOST_BODY:
        return _refusal(413, "too_large", f"A request has at most {MOST_BODY:,} bytes.")
    kept = _kept(starter.state, name)
    if kept is None or not isinstance(kept.trigger.on, Webhook):
        return UNSIGNED
    try:
        sent = signed(kept.trigger.on, headers, body, starter.clock.now())
    except SettingError as error:
        _say(starter, kept, error.message)
        return _refusal(503, "away", "Nothing can be started now; send it again.", AWAY_S)
    if sent is None:
        return UNSIGNED
    if kept.status != "active":
        return _refusal(503, "paused", f"The trigger {name!r} is paused; send it again later.", PAUSED_S)
    if not JSON.fullmatch(headers.get("content-type", "").partition(";")[0].strip().lower()):
        return _refusal(415, "usage", "The body of a webhook is application/json.")
    id = headers["webhook-id"]
    if (before := starter.known(kept, id)) is not None:
        return _answer(before)
    try:
        occurrence = Occurrence(id, parsed(body.decode()), _event(kept, id, sent))
    except Refused as error:
        _say(starter, kept, error.message)
        return _refusal(422, "refused", error.message)
    return _answer(starter.fire(kept, occurrence))


def signed(on: Webhook, headers: Mapping[str, str], body: bytes, now: datetime) -> datetime | None:
    """When a request was signed by one of the secrets; `None` where it was not, or too long ago.

    Raises `SettingError` where a secret cannot be had.
    """
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or len(id) > 1000 or not SECONDS.fullmatch(stamp):
        return None
    sent = datetime.fromtimestamp(int(stamp), UTC)
    if abs(now - sent) > timedelta(seconds=on.tolerance_s):
        return None
    try:
        content = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    given = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    wanted = [_signature(reference, id, sent, content) for reference in on.secrets]
    # Every pair is compared, whichever fits, so that time tells nothing.
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in wanted]
    return sent if any(fits) else None


def _signature(reference: str, id: str, sent: datetime, content: str) -> str:
    from standardwebhooks.webhooks import EmptyWebhookSecretError
    from standardwebhooks.webhooks import Webhook as Signer

    try:
        return str(Signer(secret(reference)).sign(id, sent, content))
    except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
        raise SettingError(
            f"What {reference!r} refers to is no secret of a webhook.",
            hint="It is written whsec_ and base64; `baton trigger secret` makes one.",
        ) from error


def new_secret() -> str:
    """A secret as Standard Webhooks writes them."""
    import secrets

    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _kept(state: Database, name: str) -> Kept | None:
    row = state.row(FIND, {"name": name})
    return None if row is None else store.kept_of(row)


def _event(kept: Kept, id: str, sent: datetime) -> dict[str, Any]:
    return {"id": id, "at": utc_text(sent), "trigger": kept.name}


def _say(starter: Starter, kept: Kept, message: str) -> None:
    """Let the list of triggers say what is wrong."""
    with starter.state.transaction() as connection:
        store.fail(connection, kept, message, starter.clock.now().timestamp())


def _answer(fired: Fired) -> Answer:
    if fired.outcome == "refused":
        return _refusal(422, "refused", fired.detail)
    return Answer(202, {"occurrence": fired.id, "outcome": fired.outcome, "run": fired.run})


def _refusal(status: int, code: str, message: str, retry_s: int | None = None) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, retry_s)

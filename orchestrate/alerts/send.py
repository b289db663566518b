"""Sends the messages about alerts: each by whichever worker claims it first, at least once."""

import json
from collections.abc import Sequence

from home.alerting import AlertSettings
from home.context import Context
from home.database import Row
from home.errors import BatonError
from home.text import plain
from orchestrate.alerts.kinds import KINDS, command_for, kind_of, subject_of
from orchestrate.alerts.store import JOINED
from orchestrate.connectors.notify.services import LONGEST_WAIT_S, BadAddress, open_service, send

LEASE_S = 30.0
"""Beside the time limits of its addresses: after that a worker that died while sending is not waited for."""
WAIT_S, LONGEST_S = 60.0, 3600.0
"""Until a message is sent again that was not taken, twice as long every time."""
LISTED = 20
"""Alerts told one by one in one message."""
LONGEST = 600
DUE = "select id from alert_message where sent is null and due <= :now order by due limit 100"
CLAIM = (
    "update alert_message set due = :until, tries = tries + 1 where id = :id and sent is null and due <= :now"
)
TOOK = "update alert_message set parts = :parts where id = :id"
SENT = "update alert_message set sent = :now, error = null where id = :id"
FAILED = "update alert_message set due = :due, error = :error where id = :id"
STANDING = f"{JOINED} where a.message_id = :id and a.ended is null and a.settled is null order by a.raised"


def send_due(context: Context, settings: AlertSettings) -> int:
    """Send the messages that are due; how many were taken by everybody.

    A message is claimed for as long as sending can take. A worker that dies in between may have sent
    it, and another sends it again. One whose alerts are all over by then is not sent.
    """
    state = context.state
    now = context.clock.now().timestamp()
    lease = LEASE_S + 2 * LONGEST_WAIT_S * len(settings.to)
    taken = 0
    for row in state.rows(DUE, {"now": now}):
        own = {"id": row["id"], "now": now}
        if state.execute(CLAIM, own | {"until": now + lease}) == 1:
            taken += _send(context, settings, row["id"])
    return taken


def _send(context: Context, settings: AlertSettings, message: str) -> bool:
    state, own = context.state, {"id": message}
    [row] = state.rows("select * from alert_message where id = :id", own)
    alerts = state.rows(STANDING, own)
    errors = []
    if alerts:
        title, body = words(context, alerts, summary=bool(row["summary"]))
        done = set(json.loads(row["parts"]))
        for to in [to for to in settings.to if to not in done]:
            problem = _tell(to, message, title, body)
            if problem:
                errors.append(f"{to}: {problem}")
            else:
                done.add(to)
                state.execute(TOOK, own | {"parts": json.dumps(sorted(done))})
    now = context.clock.now().timestamp()
    if errors:
        due = now + min(LONGEST_S, WAIT_S * 2 ** min(10, row["tries"] - 1))
        state.execute(FAILED, own | {"due": due, "error": "; ".join(errors)[:2000]})
        return False
    state.execute(SENT, own | {"now": now})
    return bool(alerts)


def _tell(to: str, message: str, title: str, body: str) -> str | None:
    """Send by one address; what was wrong, in words that never hold the address."""
    from home.settings import secret

    try:
        service = open_service(secret(to), message)
    except BatonError as error:
        return error.message
    except BadAddress as error:
        return str(error)
    try:
        return None if send(service, title, body) else f"{service.service_name} did not take the message"
    except Exception as error:  # noqa: BLE001 - a plugin of another's making: whatever it raises stops nothing
        return f"{service.service_name} broke off with {type(error).__name__}"


def words(context: Context, alerts: Sequence[Row], *, summary: bool) -> tuple[str, str]:
    """Title and text of a message about alerts."""
    first, n = alerts[0], len(alerts)
    if summary:
        title = f"Baton: {n:,} more alerts"
        head = ["There are more alerts than are told one by one in an hour.", ""]
    else:
        name = f"run {first['key'] or first['run']}" if first["run"] else subject_of(first)
        of = f" of {first['plan']}" if first["run"] and first["plan"] else ""
        more = f", and {n - 1} more" if n > 1 else ""
        title, head = f"Baton: {KINDS[kind_of(first)].means}{more}: {name}{of}", []
    told = [line for row in alerts[:LISTED] for line in _paragraph(row, named=summary)]
    rest = [f"And {n - LISTED:,} more."] if n > LISTED else []
    base = context.settings.public_url.rstrip("/")
    all_of_them = f"All open alerts: {base}/alerts" if base else "All open alerts: baton alerts"
    return plain(title)[:200], "\n".join([*head, *told, *rest, all_of_them])


def _paragraph(row: Row, *, named: bool) -> tuple[str, ...]:
    kind = KINDS[kind_of(row)]
    about = f"{subject_of(row) if not row['run'] else row['key'] or row['run']}: " if named else ""
    return (plain(f"{about}{row['message']}"[:LONGEST]), plain(f"{kind.do} {command_for(row)}"), "")

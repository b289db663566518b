"""Which alerts are told by which message: claimed once, correlated, and never more than people can bear."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.alerting import AlertSettings
from home.clock import Clock
from home.database import Database, Row
from home.ids import new_id
from orchestrate.alerts.kinds import subject_of
from orchestrate.alerts.store import JOINED, KEY, OPEN, WHERE

HOUR_S = 3600.0
KEPT_S = 30 * 86_400.0
"""How long a message that was sent is remembered."""
MOST = 5000
"""Alerts put into messages in one go."""
LINE = "select pg_advisory_xact_lock(7202602)"
"""Workers put alerts into messages one after the other; on SQLite whoever writes is alone."""
KIND = "case when a.kind like 'escalation %' then 'escalation' else a.kind end"
UNTOLD = (
    f"{JOINED} where {OPEN} and a.message_id is null{{only}} order by a.raised, a.run, a.kind limit {MOST}"
)
LATELY = "select subject, summary, made from alert_message where made > :since"
NEW = "insert into alert_message(id, subject, summary, made, due) values (:id, :subject, :summary, :at, :at)"
TOLD = f"update alert set message_id = :message where {WHERE}"  # noqa: S608 - names of the key
FORGET = "delete from alert_message where sent < :before"


def gather(state: Database, settings: AlertSettings, clock: Clock) -> int:
    """Put open alerts that nobody was told of into messages; how many messages that made.

    One message for each run, system or trigger, and none where one was made less than `quiet_s` ago:
    what comes meanwhile waits, and is told only if it is still open then. Of `per_hour` messages in an
    hour there is one more, which sums up all the rest; then nothing until the hour is over.
    """
    at = clock.now().timestamp()
    with state.transaction(read=True) as connection:
        if not any(_messages(connection, settings, at)):
            return 0
    made = 0
    with state.transaction() as connection:
        if state.is_postgres:
            connection.execute(text(LINE))
        connection.execute(text(FORGET), {"before": at - KEPT_S})
        for subject, summary, rows in _messages(connection, settings, at):
            message = new_id("message", clock.now())
            values = {"id": message, "subject": subject, "summary": int(summary), "at": at}
            connection.execute(text(NEW), values)
            keys = [{name: row[name] for name in KEY} | {"message": message} for row in rows]
            connection.execute(text(TOLD), keys)
            made += 1
    return made


def _messages(
    connection: Connection, settings: AlertSettings, at: float
) -> Iterator[tuple[str, bool, list[Row]]]:
    """Subject of each message to make, whether it is a summary, and its alerts."""
    since = {"since": at - max(HOUR_S, settings.quiet_s)}
    lately = connection.execute(text(LATELY), since).mappings().all()
    quiet = {each["subject"] for each in lately if each["made"] > at - settings.quiet_s}
    this_hour = [each["summary"] for each in lately if each["made"] > at - HOUR_S]
    room, summed_up = settings.per_hour - this_hour.count(0), any(this_hour)
    groups: dict[str, list[Row]] = {}
    wanted = {f"k{n}": kind for n, kind in enumerate(settings.kinds)}
    only = f" and {KIND} in ({', '.join(f':{name}' for name in wanted)})" if wanted else ""
    for row in map(dict, connection.execute(text(UNTOLD.format(only=only)), wanted).mappings()):
        if subject_of(row) not in quiet:
            groups.setdefault(subject_of(row), []).append(row)
    left: list[Row] = []
    for subject, rows in groups.items():
        if room > 0:
            room -= 1
            yield subject, False, rows
        else:
            left += rows
    if left and not summed_up:
        yield "", True, left

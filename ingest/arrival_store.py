"""Keeps pushed and consumed events in the transactional store until they are loaded, each one once."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.database import Database
from home.ids import encode
from ingest.errors import IngestError

MOST_WAITING = 200_000
"""Arrivals of one queue that may wait; more are refused until some were loaded."""
TRIES = 3
"""Attempts to load an event before it becomes a dead letter."""
KNOWN_S = 30 * 86_400
"""Seconds for which the id of a loaded event is remembered, so that it is known when it comes again."""
PORTION_BYTES = 32 << 20
PUSHED = "push:"
STARTS = "trigger:"
"""Begins the name of a queue whose events start runs: they are not loaded into a log."""


class Backlog(IngestError):
    """So many events wait to be loaded that no more are taken; try again in a moment."""

    code = "backlog"
    retryable = True


@dataclass(frozen=True)
class Arrived:
    """One event as it came."""

    source: str
    id: str
    payload: str
    """JSON text as it came; anything else is found out when it is loaded."""


@dataclass(frozen=True)
class Waiting:
    """One arrival to be loaded."""

    seq: int
    source: str
    id: str
    payload: str
    received_at: float
    tries: int


@dataclass(frozen=True)
class Queue:
    """One queue of arrivals."""

    queue: str
    log: str
    waiting: int


@dataclass(frozen=True)
class Offset:
    """How far a partition of a topic was read: what is before `next` has arrived."""

    topic: str
    part: int
    next: int


def receive(
    state: Database,
    queue: str,
    log: str,
    events: Sequence[Arrived],
    now: datetime,
    *,
    offsets: Iterable[Offset] = (),
    most: int = MOST_WAITING,
) -> int:
    """Keep events in one transaction; how many were new. What is known by its id is ignored.

    Raises `Backlog` where `most` events would wait already; then none was kept.
    """
    with state.transaction() as connection:
        return receive_in(connection, queue, log, events, now, offsets=offsets, most=most)


def receive_in(
    connection: Connection,
    queue: str,
    log: str,
    events: Sequence[Arrived],
    now: datetime,
    *,
    offsets: Iterable[Offset] = (),
    most: int = MOST_WAITING,
) -> int:
    """Keep events inside the caller's transaction; see `receive`."""
    first, waiting = _reserve(connection, queue, log, len(events))
    if events and waiting + len(events) > most:
        raise Backlog(
            f"{waiting:,} events wait for {log!r}; no more are taken for now.",
            hint="Send them again in a few seconds.",
        )
    accepted = _insert(connection, queue, log, first, events, now.timestamp())
    if accepted:
        sql = "update arrival_queue set waiting = waiting + :n where queue = :queue"
        connection.execute(text(sql), {"n": accepted, "queue": queue})
    for offset in offsets:
        connection.execute(text(ADVANCE), {"queue": queue, **vars(offset)})
    return accepted


ADVANCE = (
    "insert into arrival_offset(queue, topic, part, next_offset) values (:queue, :topic, :part, :next)"
    " on conflict (queue, topic, part) do update set next_offset = excluded.next_offset"
    " where excluded.next_offset > arrival_offset.next_offset"
)


def _reserve(connection: Connection, queue: str, log: str, count: int) -> tuple[int, int]:
    """The first of `count` numbers of a queue, and how many wait; locks the queue until the end.

    Numbers come from the queue's row and never from a sequence: on PostgreSQL a sequence's order is not
    that of commits, and a loader that went past a number would never see what is committed below it.
    """
    named = {"queue": queue, "log": log}
    connection.execute(
        text("insert into arrival_queue(queue, log) values (:queue, :log) on conflict (queue) do nothing"),
        named,
    )
    head, waiting = connection.execute(
        text(
            "update arrival_queue set head = head + :n, log = :log where queue = :queue"
            " returning head, waiting"
        ),
        {**named, "n": count},
    ).one()
    return head - count + 1, waiting


def _insert(
    connection: Connection, queue: str, log: str, first: int, events: Sequence[Arrived], at: float
) -> int:
    if not events:
        return 0
    values = [
        {"queue": queue, "log": log, "at": at, "seq": first + number, **vars(event)}
        for number, event in enumerate(events)
    ]
    sql = (
        "insert into arrival(queue, seq, log, source, id, payload, received_at)"
        " values (:queue, :seq, :log, :source, :id, :payload, :at) on conflict do nothing"
    )
    return connection.execute(text(sql), values).rowcount


def offsets(state: Database, queue: str) -> dict[tuple[str, int], int]:
    """Topic and partition to the offset that comes next."""
    found = state.rows("select * from arrival_offset where queue = :queue", {"queue": queue})
    return {(row["topic"], row["part"]): row["next_offset"] for row in found}


def queues(state: Database) -> list[Queue]:
    """Every queue in which something waits, by name."""
    found = state.rows("select queue, log, waiting from arrival_queue where waiting > 0 order by queue")
    return [Queue(**row) for row in found]


def head(state: Database, queue: str) -> int:
    """The newest number of a queue; 0 where nothing ever came."""
    found = state.row("select head from arrival_queue where queue = :queue", {"queue": queue})
    return int(found["head"]) if found else 0


def portion(state: Database, queue: str, after: int, upto: int, most: int) -> list[Waiting]:
    """The next arrivals of a queue, in order: at most so many, and not much over `PORTION_BYTES`."""
    sql = (
        "select seq, source, id, payload, received_at, tries from arrival"
        " where queue = :queue and seq > :after and seq <= :upto and payload is not null"
        " order by seq limit :most"
    )
    found: list[Waiting] = []
    size = 0
    for row in state.rows(sql, {"queue": queue, "after": after, "upto": upto, "most": most}):
        size += len(row["payload"])
        if found and size > PORTION_BYTES:
            break
        found.append(Waiting(**row))
    return found


def settle(state: Database, queue: str, upto: int) -> int:
    """Let go of what was loaded: everything up to a number; only its id stays. How many those were."""
    with state.transaction() as connection:
        named = {"queue": queue, "upto": upto}
        _lock(connection, queue)
        done = connection.execute(
            text(
                "update arrival set payload = null"
                " where queue = :queue and seq <= :upto and payload is not null"
            ),
            named,
        ).rowcount
        _lower(connection, queue, done)
    return done


def put_off(
    state: Database, queue: str, failed: Sequence[tuple[Waiting, str]], now: datetime, *, tries: int = TRIES
) -> int:
    """Try events again later, behind all others, or give them up after so many tries; how many were.

    They get new numbers, so that "loaded up to" stays one number.
    """
    if not failed:
        return 0
    with state.transaction() as connection:
        (log,) = connection.execute(
            text("select log from arrival_queue where queue = :queue"), {"queue": queue}
        ).one()
        first, _ = _reserve(connection, queue, log, len(failed))
        given_up, chance, at = 0, secrets.randbelow(32**5), encode(int(now.timestamp() * 1000), 9)
        for number, (event, reason) in enumerate(failed):
            named = {"queue": queue, "seq": event.seq, "new": first + number, "tries": event.tries + 1}
            if event.tries + 1 < tries:
                sql = "update arrival set seq = :new, tries = :tries where queue = :queue and seq = :seq"
                connection.execute(text(sql), named)
                continue
            given_up += 1
            letter = _letter(queue, log, event, reason, now)
            connection.execute(
                text(BURY), {**letter, "id": f"dead-{at}{encode((chance + number) % 32**5, 5)}"}
            )
            sql = "update arrival set payload = null where queue = :queue and seq = :seq"
            connection.execute(text(sql), named)
        _lower(connection, queue, given_up)
    return given_up


BURY = (
    "insert into dead_letter"
    "(id, queue, log, source, event_id, payload, reason, tries, received_at, failed_at)"
    " values (:id, :queue, :log, :source, :event_id, :payload, :reason, :tries, :received_at, :failed_at)"
)


def _letter(queue: str, log: str, event: Waiting, reason: str, now: datetime) -> dict[str, Any]:
    return {
        **{"queue": queue, "log": log, "source": event.source},
        **{"event_id": event.id, "payload": event.payload, "reason": reason, "tries": event.tries + 1},
        **{"received_at": event.received_at, "failed_at": now.timestamp()},
    }


def _lock(connection: Connection, queue: str) -> None:
    """Take the queue's row first, as everybody does: nobody waits for another in a circle."""
    connection.execute(
        text("update arrival_queue set waiting = waiting where queue = :queue"), {"queue": queue}
    )


def _lower(connection: Connection, queue: str, count: int) -> None:
    if count:
        sql = "update arrival_queue set waiting = waiting - :n where queue = :queue"
        connection.execute(text(sql), {"n": count, "queue": queue})


def forget_old(state: Database, now: datetime) -> int:
    """Forget the ids of events that were loaded long ago; how many."""
    return state.execute(
        "delete from arrival where payload is null and received_at < :before",
        {"before": now.timestamp() - KNOWN_S},
    )


def forget_log(state: Database, log: str) -> None:
    """Forget what arrived for a log that is gone, so that it may come again."""
    with state.transaction() as connection:
        forget_log_in(connection, log)


def forget_log_in(connection: Connection, log: str) -> None:
    """The same inside the caller's transaction."""
    for table in ("arrival", "dead_letter"):
        connection.execute(text(f"delete from {table} where log = :log"), {"log": log})
    connection.execute(text("update arrival_queue set waiting = 0 where log = :log"), {"log": log})

"""Starts runs for what waits in a trigger's queue: in portions, and no more than may be under way."""

from collections.abc import Callable

from sqlalchemy import text

from home.database import Database
from home.jobs import Job
from ingest import arrival_store
from ingest.arrival_store import Waiting
from orchestrate.triggers.fire import Occurrence, Starter
from orchestrate.triggers.store import Kept

PORTION = 25
"""Occurrences of one transaction."""
MOST = 1000
"""Occurrences of one look, so that others have their turn."""
OPEN = (
    "select count(*) as open from run where status = 'open' and substr(started_by, 1, 8) = 'trigger:'"
    " and started_by = :queue and parent is null"
)
CLAIM = (
    "update plan_trigger set due = :until where name = :name and revision = :revision and status = 'active'"
    " and coalesce(due, -1) = coalesce(cast(:due as double precision), -1)"
)


def claim(state: Database, kept: Kept, until: float) -> bool:
    """Be the one who looks at a trigger until then; whoever dies on the way lets others in afterwards."""
    named = {"name": kept.name, "revision": kept.revision, "due": kept.due, "until": until}
    return state.execute(CLAIM, named) == 1


def release(state: Database, kept: Kept, due: float | None) -> None:
    """Say when the trigger is to be looked at next."""
    with state.transaction() as connection:
        sql = "update plan_trigger set due = :due where name = :name and revision = :revision"
        connection.execute(text(sql), {"due": due, "name": kept.name, "revision": kept.revision})


def waiting(state: Database) -> dict[str, int]:
    """Name of each trigger's queue in which something waits, to how much."""
    return {
        q.queue: q.waiting for q in arrival_store.queues(state) if q.queue.startswith(arrival_store.STARTS)
    }


def room(state: Database, kept: Kept) -> int:
    """How many more of its runs may be under way."""
    found: int = state.rows(OPEN, {"queue": kept.queue})[0]["open"]
    return max(0, kept.trigger.most_open - found)


def drain(starter: Starter, kept: Kept, occurrence: Callable[[Waiting], Occurrence], job: Job) -> int:
    """Start runs for what waited at the beginning; how many arrivals were dealt with. Stops with its job.

    One that cannot start a run becomes a dead letter with the reason: `baton dead-letters retry` sends
    it here again. A process that dies between starting and letting go finds the occurrence known.
    """
    state, done = starter.state, 0
    upto = arrival_store.head(state, kept.queue)
    while done < MOST:
        job.check()
        most = min(PORTION, room(state, kept))
        batch = arrival_store.portion(state, kept.queue, 0, upto, most) if most else []
        if not batch:
            break
        fired = starter.fire_all(kept, [occurrence(arrived) for arrived in batch])
        pairs = zip(batch, fired, strict=True)
        bad = [(arrived, answer.detail) for arrived, answer in pairs if answer.outcome == "refused"]
        arrival_store.put_off(state, kept.queue, bad, starter.clock.now(), tries=1)
        arrival_store.settle(state, kept.queue, batch[-1].seq)
        done += len(batch)
    return done

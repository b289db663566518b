"""Out of office: the open tasks of who leaves go to a deputy, and those not touched come back."""

import logging
import threading
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.database import Row
from orchestrate.engine.statements import RAISE, on_sqlalchemy
from orchestrate.people.register import People, apart_steps
from orchestrate.records.audit import record

log = logging.getLogger("baton.people")
EVERY_S = 30.0
"""How often it is looked whether an absence begins or ends."""
MOST = 10_000
ACTOR = "baton"
"""Who moves tasks when an absence begins or ends by itself."""

BEGIN = (
    "select login from person where is_away = 0 and away_from is not null and away_from <= :now"
    " and (away_to is null or away_to > :now)"
)
END = (
    "select login from person where is_away = 1"
    " and (away_from is null or away_from > :now or (away_to is not null and away_to <= :now))"
)
HELD = "select id, run from task where assignee = :who and status = 'open' and simulated = 0 limit :most"
KEPT = "select id, run from task where stands_for = :who and status = 'open' and simulated = 0 limit :most"
LOCK = "update run set head = head where id = :run"
GIVE = "update task set assignee = :assignee, stands_for = :stands_for where id = :id"


def attend(context: Context, by: str = ACTOR) -> int:
    """Begin and end the absences whose moment has come; how many tasks were moved.

    Safe to repeat and to run in several processes: each task is moved in a transaction of its own.
    """
    now = {"now": context.clock.now().timestamp()}
    moved = 0
    for row in context.state.rows(BEGIN, now):
        moved += hand_over(context, row["login"], by)
        context.state.execute("update person set is_away = 1 where login = :login", {"login": row["login"]})
    for row in context.state.rows(END, now):
        context.state.execute("update person set is_away = 0 where login = :login", {"login": row["login"]})
        moved += give_back(context, row["login"], by)
    return moved


def hand_over(context: Context, login: str, by: str, *, for_good: bool = False) -> int:
    """Give the open tasks of somebody to their deputies, or to the queues; how many.

    Unless `for_good`, each remembers whose it is, and comes back if nobody has touched it.
    """

    def to_deputy(people: People, task: Row) -> Row | None:
        if task["assignee"] != login:
            return None
        barred = people.barred(task["run"], apart_steps(task["apart"]))
        fits = people.fits(barred | {login.casefold(): "leaves"}, task["skill"])
        keep = task["stands_for"] if for_good else task["stands_for"] or login
        return {"assignee": people.stand_in(login, fits), "stands_for": keep}

    return _move(context, HELD, login, by, to_deputy)


def give_back(context: Context, login: str, by: str) -> int:
    """Give somebody the tasks that were kept for them and that nobody has touched; how many."""

    def back(people: People, task: Row) -> Row | None:
        person = people.find(login)
        if task["stands_for"] != login or person is None or not person.present(people.at):
            return None
        if login.casefold() in people.barred(task["run"], apart_steps(task["apart"])):
            return None
        return {"assignee": login, "stands_for": None}

    return _move(context, KEPT, login, by, back)


def _move(context: Context, query: str, login: str, by: str, decide: Any) -> int:
    moved = 0
    for row in context.state.rows(query, {"who": login, "most": MOST}):
        with context.state.transaction() as connection:
            moved += _one(connection, context, row, by, decide)
    return moved


def _one(connection: Connection, context: Context, row: Row, by: str, decide: Any) -> bool:
    """Move one task, once its run is locked and it is still to be moved."""
    connection.execute(text(LOCK), {"run": row["run"]})
    found = (
        connection.execute(text("select * from task where id = :id"), {"id": row["id"]}).mappings().first()
    )
    if found is None or found["status"] != "open":
        return False
    now = context.clock.now()
    new = decide(People(on_sqlalchemy(connection), now.timestamp()), dict(found))
    if new is None:
        return False
    connection.execute(text(GIVE), new | {"id": row["id"]})
    if new["assignee"] is None:
        why = f"{found['assignee']!r} is away and has no deputy who can have {found['name']!r}"
        place = {"run": found["run"], "node": found["node"], "visit": found["visit"]}
        place |= {"kind": "unassigned", "at": now.timestamp(), "message": why}
        connection.execute(text(RAISE), place)
    detail = {"step": found["name"], "of": found["assignee"], "to": new["assignee"]}
    record(connection, at=now, actor=by, action="stand in", subject=row["id"], **detail)
    return True


class Attendance:
    """A thread that looks whether an absence begins or ends, as long as a worker runs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._attend, name="attendance", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _attend(self) -> None:
        while True:
            try:
                attend(self._context)
            except Exception:
                log.exception("absences could not be looked at; the next look is in %g s", EVERY_S)
            if self._ended.wait(EVERY_S):
                return

"""Who gets a task: decided once, in the transaction that opens or escalates it, from the tables alone."""

from collections.abc import Mapping
from typing import Any

from orchestrate.engine.statements import RAISE, Execute
from orchestrate.people.register import Fits, People, apart_steps, pool_name

CHOOSING = frozenset({"skill", "round-robin", "load"})
"""Ways of assigning that choose somebody; the others leave a task in its queue."""

OPEN = (
    "insert into task(id, run, plan, version, key, simulated, node, visit, kind, name, reason, role,"
    " assignee, opened, due, outcomes, context, skill, by_hand, apart) values (:id, :run, :plan, :version,"
    " :key, :simulated, :node, :visit, :kind, :name, :reason, :role, :assignee, :at, :due, :outcomes,"
    " :context, :skill, :by_hand, :apart) on conflict (id) do nothing"
)
GIVE = "update task set assignee = :assignee, stands_for = :stands_for where id = :id and status = 'open'"
QUEUE = "update task set role = :queue where id = :id and role is null"
ESCALATE = (
    "update task set level = :level, role = coalesce(:role, role), assignee = :assignee,"
    " stands_for = :stands_for, skill = null, by_hand = 0, due = coalesce(:due, due)"
    " where id = :id and status = 'open'"
)
# Whoever assigns waits here for whoever assigned before, so that turns and loads are counted exactly;
# and whoever attaches a file for whoever deletes files.
LINE = "update rotation set latest = latest where pool = ''"
TURN = "select latest from rotation where pool = :pool"
NEW_TURN = "insert into rotation(pool, latest) values (:pool, '') on conflict do nothing"
TAKE_TURN = "update rotation set latest = :latest where pool = :pool"


def open_task(execute: Execute, task: Mapping[str, Any]) -> None:
    """Write a new task and give it to whom its terms say; `task` has `OPEN`'s values, `by` and `queue`.

    Where nobody can have it, it waits in the queue of its role, and an alert says so.
    """
    if execute(OPEN, {**task, "assignee": None}).rowcount != 1:
        return
    people = People(execute, task["at"])
    barred = people.barred(task["run"], apart_steps(task["apart"]))
    fits = people.fits(barred, task["skill"])
    named = task["assignee"]
    if named is None:
        found = _of_pool(execute, people, task, fits)
    elif people.known():
        found = people.stand_in(named, fits)
    else:
        found = None if named.casefold() in barred else named
    if found is not None:
        away = named if named not in (None, found) else None
        execute(GIVE, {"id": task["id"], "assignee": found, "stands_for": away})
        return
    execute(QUEUE, {"id": task["id"], "queue": task["queue"]})
    skill = f" with the skill {task['skill']!r}" if task["skill"] else ""
    who = f"neither {named!r} nor a deputy" if named else f"nobody of its role{skill}"
    queue = task["role"] or task["queue"]
    why = f"{who} can have {task['name']!r} now; it waits in the queue of {queue!r}"
    _alert(execute, task, "unassigned", why)


def _of_pool(execute: Execute, people: People, task: Mapping[str, Any], fits: Fits) -> str | None:
    """Whose turn it is: of a role and skill, with deputies in the place of those who are away."""
    execute(LINE, {})
    members = people.members(task["role"], task["skill"])
    logins = {found for each in members if (found := people.stand_in(each.login, fits))}
    if not logins:
        return None
    pool = {"pool": pool_name(task["role"], task["skill"])}
    execute(NEW_TURN, pool)
    latest = execute(TURN, pool).fetchone()[0]
    loads = {login: 0 if task["by"] == "round-robin" else people.load(login) for login in logins}
    chosen = min(logins, key=lambda login: (loads[login], login <= latest, login))
    execute(TAKE_TURN, pool | {"latest": chosen})
    return chosen


def escalate(execute: Execute, task: Mapping[str, Any]) -> None:
    """Hand a task to the next in its chain: a role, or a person or who stands in for them."""
    named, found = task["assignee"], None
    if named is not None:
        row = execute("select node, visit, apart from task where id = :id", {"id": task["id"]}).fetchone()
        if row is None:
            return
        people = People(execute, task["at"])
        barred = people.barred(task["run"], apart_steps(row[2]))
        if people.known():
            found = people.stand_in(named, people.fits(barred, None))
        else:
            found = None if named.casefold() in barred else named
        if found is None:
            place = dict(task) | {"node": row[0], "visit": row[1]}
            why = f"a task should go to {named!r}, who cannot have it now; it stays in its queue"
            _alert(execute, place, f"escalation {task['level']}", why)
    stands_for = named if found not in (None, named) else None
    execute(ESCALATE, {**task, "assignee": found, "stands_for": stands_for})


def _alert(execute: Execute, task: Mapping[str, Any], kind: str, message: str) -> None:
    place = {name: task[name] for name in ("run", "node", "visit", "at")}
    execute(RAISE, place | {"kind": kind, "message": message})

"""Who may take, decide or hand over a task; checked in the transaction that does it."""

from home.database import Row
from home.errors import Refused
from orchestrate.people.register import DISPATCHER, People, Person, apart_steps


class NotYours(Refused):
    """The task is for others."""

    code = "not_yours"


class FourEyesNeeded(NotYours):
    """Whoever had a hand in what a task judges may not decide it."""

    code = "four_eyes"


def may_have(people: People, task: Row, login: str) -> Person | None:
    """The person, where a task may be given to them; `None` where no directory is kept.

    Raises `FourEyesNeeded` naming the earlier step, or `NotYours` for who is unknown or inactive.
    """
    barred = people.barred(task["run"], apart_steps(task["apart"]))
    if why := barred.get(login.casefold()):
        raise FourEyesNeeded(
            f"{login!r} {why}, so somebody else has to decide {task['name']!r} (four eyes).",
            hint=f"Hand it over: `baton delegate {task['id']} --to WHO --by {login}`.",
        )
    if not people.known():
        return None
    person = people.find(login)
    if person is None:
        raise NotYours(
            f"{login!r} is not in the people directory.",
            hint=f"`baton person list` says who is; `baton person add {login}` adds them.",
        )
    if not person.active:
        raise NotYours(
            f"{login!r} is not active any more.",
            hint=f"`baton person set {login} --active yes` changes that.",
        )
    return person


def may_decide(people: People, task: Row, login: str) -> None:
    """Raise `NotYours` where somebody may neither decide a task nor take it while it is free.

    They may who have it, for whom it is kept while they are away, and the people of its role and skill.
    """
    if may_have(people, task, login) is None or login in (task["assignee"], task["stands_for"]):
        return
    if task["by_hand"] and task["assignee"] is None:
        raise NotYours(
            f"{task['name']!r} is handed out by a {DISPATCHER}, and nobody was given it yet.",
            hint=f"`baton delegate {task['id']} --to {login} --by WHO`.",
        )
    _in_queue(people, task, login)


def _in_queue(people: People, task: Row, login: str) -> None:
    """Raise unless somebody is of the role and skill of a task; a role that nobody has keeps nobody out."""
    hint = f"Hand it over: `baton delegate {task['id']} --to {login} --by WHO`."
    if task["role"] is None and task["assignee"] is not None:
        raise NotYours(f"{task['name']!r} is for {task['assignee']}, not for {login}.", hint=hint)
    role, roles = task["role"], people.tags(login, "role")
    if role is not None and role not in roles and people.held(role):
        has = ", ".join(map(repr, roles)) or "no role"
        raise NotYours(f"{task['name']!r} is for the role {role!r}; {login} has {has}.", hint=hint)
    if task["skill"] is not None and task["skill"] not in people.tags(login, "skill"):
        raise NotYours(f"{task['name']!r} needs the skill {task['skill']!r}; {login} has not.", hint=hint)


def may_hand_over(people: People, task: Row, login: str) -> None:
    """Raise `NotYours` where somebody may not give a task to another or back to its queue.

    They may who have it, or for whom it is kept; while nobody has it, whoever may take it; dispatchers
    always. Without a directory everybody may.
    """
    if not people.known() or login in (task["assignee"], task["stands_for"]):
        return
    person = people.find(login)
    if person is not None and person.active and DISPATCHER in people.tags(login, "role"):
        return
    if task["assignee"] is not None:
        raise NotYours(
            f"Task {task['id']!r} is with {task['assignee']}; {login} cannot give it away.",
            hint=f"{task['assignee']} can, or somebody with the role {DISPATCHER!r}.",
        )
    if person is None:
        may_have(people, task, login)
    if task["by_hand"]:
        raise NotYours(
            f"{task['name']!r} is handed out by people with the role {DISPATCHER!r}; {login} has not.",
            hint=f"`baton person set {login} --role {DISPATCHER}` gives it.",
        )
    _in_queue(people, task, login)

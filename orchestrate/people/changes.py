"""`baton person add`, `set` and `remove`: changes to the people directory, each on record."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Request, Response
from home.errors import Refused, UsageError
from home.text import plain
from orchestrate.people.directory import PersonListRequest, PersonRow, known_login, list_people
from orchestrate.people.moments import moment, read_moment
from orchestrate.people.presence import attend, hand_over
from orchestrate.records.audit import record

LOGIN = re.compile(r"[^\s|!{}\[\]\"'\\][^\s|\"'\\]{0,63}")
Login = Annotated[str, Argument("LOGIN")]
Tags = tuple[str, ...] | None


class PersonAddRequest(Request):
    """Whom to add."""

    login: Login
    """The name they decide and take tasks under."""
    role: Tags = None
    """A role; may be given several times."""
    skill: Tags = None
    """A skill; may be given several times."""
    deputy: str | None = None
    """Who gets their tasks while they are away."""
    by: str | None = None
    """Who adds them; default is the operating-system user."""


def add(context: Context, request: PersonAddRequest) -> PersonRow:
    """Put somebody into the directory. From the first one on, only its people take and decide tasks."""
    login = request.login.strip()
    if not LOGIN.fullmatch(login):
        raise UsageError(
            f"{login!r} cannot be a login name.", hint="1 to 64 characters without spaces, quotes or bars."
        )
    now = context.clock.now()
    with context.state.transaction() as connection:
        same = "select login from person where lower(login) = :login"
        if found := connection.execute(text(same), {"login": login.lower()}).first():
            raise Refused(
                f"{found.login!r} is in the directory already.",
                hint=f"`baton person set {found.login}` changes them.",
            )
        insert = "insert into person(login, added) values (:login, :at)"
        connection.execute(text(insert), {"login": login, "at": now.timestamp()})
        changes = _change(connection, login, request.role, request.skill, request.deputy)
        who = request.by or context.actor
        record(connection, at=now, actor=who, action="add person", subject=login, **changes)
    return list_people(context, PersonListRequest(login=login)).rows[0]


class PersonSetRequest(PersonAddRequest):
    """What to change about somebody; what is not given stays."""

    login: Login
    """Whom."""
    role: Tags = None
    """All their roles from now on; '' for none."""
    skill: Tags = None
    """All their skills from now on; '' for none."""
    deputy: str | None = None
    """Who gets their tasks while they are away; '' for nobody."""
    away_from: str | None = None
    """Out of office from this day or moment on, such as 2026-01-05."""
    away_to: str | None = None
    """Until this day, which is included, or moment; until further notice where not given."""
    back: bool = False
    """Not out of office, now or later."""
    active: Literal["yes", "no"] | None = None
    """`no`: they get nothing any more; their open tasks go to the deputy or back to the queue."""
    by: str | None = None
    """Who changes it; default is the operating-system user."""


def change(context: Context, request: PersonSetRequest) -> PersonRow:
    """Change roles, skills, deputy or absence of somebody.

    When an absence begins, now or later, their open tasks go to the deputy; when it ends, those that
    nobody has touched come back. A worker or the service watches for the moment.
    """
    now, who = context.clock.now(), request.by or context.actor
    values = _absence(context, request) | ({"active": int(request.active == "yes")} if request.active else {})
    with context.state.transaction() as connection:
        login = known_login(connection, request.login)
        changes = _change(connection, login, request.role, request.skill, request.deputy)
        for name, value in values.items():
            update = f"update person set {name} = :value where login = :login"  # noqa: S608 - names from above
            connection.execute(text(update), {"value": value, "login": login})
        said = {name: moment(v) if name.startswith("away") else v for name, v in values.items()}
        record(connection, at=now, actor=who, action="set person", subject=login, **changes, **said)
    if request.active == "no":
        hand_over(context, login, who, for_good=True)
    attend(context, who)
    return list_people(context, PersonListRequest(login=login)).rows[0]


def _absence(context: Context, request: PersonSetRequest) -> dict[str, float | None]:
    asked = request.away_from or request.away_to
    if request.back:
        if asked:
            raise UsageError(
                "--back says that there is no absence; --away-from and --away-to say when it is."
            )
        return {"away_from": None, "away_to": None}
    if not asked:
        return {}
    now = context.clock.now().timestamp()
    start = read_moment(request.away_from, context.clock) if request.away_from else now
    end = read_moment(request.away_to, context.clock, end=True) if request.away_to else None
    if end is not None and end <= max(start, now):
        raise UsageError(
            f"An absence from {moment(start)} to {moment(end)} is over before it begins.",
            hint="--away-to comes after --away-from and after now; --back ends an absence.",
        )
    return {"away_from": start, "away_to": end}


class PersonRemoveRequest(Request):
    """Whom to remove."""

    login: Login
    """Whom."""
    by: str | None = None
    """Who removes them; default is the operating-system user."""


class Removed(Response):
    """Somebody who is no longer in the directory."""

    login: str
    moved: int
    """Open tasks that went to the deputy or back to the queue."""

    def lines(self) -> Iterator[str]:
        """One sentence, and what stays."""
        yield plain(f"{self.login} is out of the directory; {self.moved} open tasks were handed over.")
        yield f"What they decided stays on record; `baton forget --person {self.login}` erases the name."


def remove(context: Context, request: PersonRemoveRequest) -> Removed:
    """Take somebody out of the directory; their open tasks go to the deputy or back to the queue."""
    now, who = context.clock.now(), request.by or context.actor
    with context.state.transaction(read=True) as connection:
        login = known_login(connection, request.login)
    moved = hand_over(context, login, who, for_good=True)
    with context.state.transaction() as connection:
        for sql in (
            "delete from person_tag where login = :login",
            "delete from person where login = :login",
            "update person set deputy = null where deputy = :login",
            "update task set stands_for = null where stands_for = :login",
        ):
            connection.execute(text(sql), {"login": login})
        record(connection, at=now, actor=who, action="remove person", subject=login, moved=moved)
    return Removed(login=login, moved=moved)


def _change(
    connection: Connection, login: str, roles: Tags, skills: Tags, deputy: str | None
) -> dict[str, Any]:
    """Write what is given; what was written, for the audit."""
    changes: dict[str, Any] = {}
    for kind, given in (("role", roles), ("skill", skills)):
        if given is None:
            continue
        tags = sorted({tag.strip() for tag in given if tag.strip()})
        key = {"login": login, "kind": kind}
        connection.execute(text("delete from person_tag where login = :login and kind = :kind"), key)
        for tag in tags:
            connection.execute(
                text("insert into person_tag values (:login, :kind, :tag)"), key | {"tag": tag}
            )
        changes[f"{kind}s"] = tags
    if deputy is not None:
        named = known_login(connection, deputy.strip()) if deputy.strip() else None
        if named == login:
            raise Refused(f"{login!r} cannot be their own deputy.", hint="Name somebody else.")
        update = "update person set deputy = :deputy where login = :login"
        connection.execute(text(update), {"deputy": named, "login": login})
        changes["deputy"] = named
    return changes

"""`baton person list`: whom tasks come to, who is away, and who stands in for whom."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.errors import NotFound, unknown
from home.text import table
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.people.moments import moment
from orchestrate.people.register import People


class PersonRow(Response):
    """One person of the directory."""

    login: str
    roles: list[str]
    skills: list[str]
    deputy: str | None
    away_from: str | None
    """When the present or next absence begins; `null` where none is planned."""
    away_to: str | None
    active: bool
    present: bool
    """Whether tasks come to them now."""
    stand_in: str | None
    """Who gets their tasks now; themselves where they are present, `null` where nobody can."""
    open_tasks: int

    def lines(self) -> Iterator[str]:
        """One person as a table of one line."""
        yield from PersonList(rows=[self], next=None).lines()


class PersonList(Response):
    """People, by login."""

    rows: list[PersonRow]
    next: str | None
    """Give this as `--after` for the next page; `null` on the last."""
    hidden: ClassVar[frozenset[str]] = frozenset({"next"})

    def lines(self) -> Iterator[str]:
        """One line per person."""
        if not self.rows:
            yield "Nobody is in the directory, so every name is as good as another."
            yield "`baton person add LOGIN --role ROLE` adds the first."
        yield from table([_line(row) for row in self.rows])
        if self.next:
            yield f"There are more: --after {self.next}"


def _line(row: PersonRow) -> dict[str, Any]:
    state = "here" if row.present else "away" if row.active else "not active"
    if row.active and not row.present:
        state = f"away until {row.away_to[:16].replace('T', ' ')}" if row.away_to else "away"
    elif row.active and row.away_from:
        state = f"away from {row.away_from[:16].replace('T', ' ')}"
    return {
        "login": row.login,
        "roles": ", ".join(row.roles),
        "skills": ", ".join(row.skills),
        "deputy": row.deputy,
        "is": state,
        "gets the tasks": row.stand_in or "the queue",
        "open tasks": row.open_tasks,
    }


class PersonListRequest(Request):
    """Which people to list."""

    login: Annotated[str | None, Argument("LOGIN")] = None
    """Only this one."""
    role: str | None = None
    """Only those with this role."""
    skill: str | None = None
    """Only those with this skill."""
    limit: Annotated[int, Option(("--limit",))] = 1000
    """Most rows to list."""
    after: Annotated[str | None, Option(("--after",), "LOGIN")] = None
    """Go on after this person."""


def list_people(context: Context, request: PersonListRequest) -> PersonList:
    """Who is in the directory, who is away, and who gets their tasks meanwhile."""
    at = context.clock.now().timestamp()
    with context.state.transaction(read=True) as connection:
        people = People(on_sqlalchemy(connection), at)
        if request.login is not None:
            return PersonList(rows=[_row(people, known_login(connection, request.login))], next=None)
        wanted: dict[str, Any] = {"role": request.role or "", "skill": request.skill or ""}
        wanted |= {"after": request.after or "", "limit": request.limit + 1}
        sql = (
            "select p.login from person p where p.login > :after and (:role = '' or exists (select 1 from"
            " person_tag t where t.login = p.login and t.kind = 'role' and t.tag = :role)) and (:skill = ''"
            " or exists (select 1 from person_tag t where t.login = p.login and t.kind = 'skill'"
            " and t.tag = :skill)) order by p.login limit :limit"
        )
        logins = [row.login for row in connection.execute(text(sql), wanted)]
        rows = [_row(people, login) for login in logins[: request.limit]]
    return PersonList(rows=rows, next=rows[-1].login if len(logins) > request.limit else None)


def _row(people: People, login: str) -> PersonRow:
    person = people.find(login)
    assert person is not None  # noqa: S101 - read in the same transaction
    over = person.away_to is not None and person.away_to <= people.at
    return PersonRow(
        login=login,
        roles=people.tags(login, "role"),
        skills=people.tags(login, "skill"),
        deputy=person.deputy,
        away_from=None if over else moment(person.away_from),
        away_to=None if over else moment(person.away_to),
        active=bool(person.active),
        present=person.present(people.at),
        stand_in=people.stand_in(login, lambda _: True),
        open_tasks=people.load(login),
    )


def known_login(connection: Connection, login: str) -> str:
    """The login as it is in the directory; raises `NotFound` with the nearest."""
    found = connection.execute(
        text("select login from person where login = :login"), {"login": login}
    ).first()
    if found is None:
        known = [row.login for row in connection.execute(text("select login from person limit 10000"))]
        if not known:
            raise NotFound(
                f"No person called {login!r}: the directory is empty.",
                hint=f"`baton person add {login}` adds them.",
            )
        raise unknown("person", login, known, listing="baton person list")
    return str(found.login)

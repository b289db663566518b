"""The people directory as read inside a transaction: who is there, and who stands in for whom."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from orchestrate.core.effects import STARTER
from orchestrate.engine.statements import Execute

LONGEST_CHAIN = 8
"""Deputies of deputies that are asked before a task goes to its queue."""
DISPATCHER = "dispatcher"
"""The role whose people hand out any task."""

_FIELDS = "p.login, p.deputy, p.away_from, p.away_to, p.active"
PERSON = f"select {_FIELDS} from person p where p.login = :login"  # noqa: S608
MEMBERS = f"""
select {_FIELDS} from person p where p.active = 1
  and (:role = '' or exists (select 1 from person_tag t
       where t.login = p.login and t.kind = 'role' and t.tag = :role))
  and (:skill = '' or exists (select 1 from person_tag t
       where t.login = p.login and t.kind = 'skill' and t.tag = :skill))"""  # noqa: S608
TAGS = "select tag from person_tag where login = :login and kind = :kind order by tag"
HELD = (
    "select 1 from person_tag t join person p on p.login = t.login"
    " where t.kind = 'role' and t.tag = :role and p.active = 1 limit 1"
)
DONE = (
    "select node, name, decided_by from task"
    " where run = :run and status = 'done' and decided_by is not null order by decided_at"
)
STARTED = "select started_by from run where id = :run"
LOAD = "select count(*) from task where assignee = :login and status = 'open' and simulated = 0"


@dataclass(frozen=True)
class Person:
    """One row of the directory."""

    login: str
    deputy: str | None
    away_from: float | None
    away_to: float | None
    active: int

    def present(self, at: float) -> bool:
        """Whether tasks may come to them at a moment: active and not out of office."""
        away = self.away_from is not None and self.away_from <= at and (self.away_to or at + 1) > at
        return bool(self.active) and not away


Fits = Callable[[Person], bool]


class People:
    """The directory at a moment (seconds since 1970), read through statements of one transaction."""

    def __init__(self, execute: Execute, at: float) -> None:
        self._execute, self.at = execute, at

    def known(self) -> bool:
        """Whether anybody is in the directory; without anybody, every name is as good as another."""
        return self._execute("select 1 from person limit 1", {}).fetchone() is not None

    def find(self, login: str) -> Person | None:
        """The person of that login."""
        row = self._execute(PERSON, {"login": login}).fetchone()
        return Person(*row) if row else None

    def tags(self, login: str, kind: str) -> list[str]:
        """Their roles or skills."""
        return [row[0] for row in self._execute(TAGS, {"login": login, "kind": kind}).fetchall()]

    def held(self, role: str) -> bool:
        """Whether any active person has a role; one that nobody has keeps nobody out."""
        return self._execute(HELD, {"role": role}).fetchone() is not None

    def members(self, role: str | None, skill: str | None) -> list[Person]:
        """The active people of a role, of a skill, or of both, by login."""
        found = self._execute(MEMBERS, {"role": role or "", "skill": skill or ""}).fetchall()
        return sorted((Person(*row) for row in found), key=lambda person: person.login)

    def load(self, login: str) -> int:
        """How many open tasks somebody has."""
        return int(self._execute(LOAD, {"login": login}).fetchone()[0])

    def stand_in(self, login: str, fits: Fits) -> str | None:
        """They themselves where they are present and fit, else the first of their deputies who does.

        A deputy's deputy is asked next, a few times; a circle of deputies ends where it began.
        """
        asked: set[str] = set()
        person = self.find(login)
        while person is not None and person.login not in asked and len(asked) <= LONGEST_CHAIN:
            if person.present(self.at) and fits(person):
                return person.login
            asked.add(person.login)
            person = self.find(person.deputy) if person.deputy else None
        return None

    def fits(self, barred: dict[str, str], skill: str | None) -> Fits:
        """Whether somebody has the skill and had no hand in what the task judges."""

        def test(person: Person) -> bool:
            has_skill = not skill or skill in self.tags(person.login, "skill")
            return has_skill and person.login.casefold() not in barred

        return test

    def barred(self, run: str, apart: tuple[str, ...]) -> dict[str, str]:
        """Who may not have a task that judges these steps, and why: by login in lower case."""
        found: dict[str, str] = {}
        if STARTER in apart:
            row = self._execute(STARTED, {"run": run}).fetchone()
            if row and row[0]:
                found[row[0].casefold()] = "started the run"
        for node, name, who in self._execute(DONE, {"run": run}).fetchall() if apart else ():
            if node in apart:
                found.setdefault(who.casefold(), f"did {name!r} in this run")
        return found


def pool_name(role: str | None, skill: str | None) -> str:
    """What the turns of a pool are kept under."""
    return json.dumps([role, skill])


def apart_text(steps: tuple[str, ...]) -> str:
    """The steps of `Terms.apart` as the table keeps them, to be searched by a query: `|a|b|`."""
    return f"|{'|'.join(steps)}|" if steps else ""


def apart_steps(text: str) -> tuple[str, ...]:
    """The steps behind `apart_text`."""
    return tuple(filter(None, text.split("|")))

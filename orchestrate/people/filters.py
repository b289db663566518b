"""Which tasks are meant: the filters that listing and deciding many share, as SQL."""

from typing import Annotated, Literal

from home.contracts import Json, Option, Request

SEARCHED = ("key", "run", "name", "reason", "context", "assignee", "role", "note")
LATEST = "1e18"
"""Sorts tasks without a due time after all others; as the index has it."""

# What somebody has or may take: what stands in `may_decide`, as a query.
INBOX = """(assignee = :inbox or stands_for = :inbox or (assignee is null and by_hand = 0
  and (role is null
    or exists (select 1 from person_tag g where g.login = :inbox and g.kind = 'role' and g.tag = task.role)
    or not exists (select 1 from person_tag g join person p on p.login = g.login
         where g.kind = 'role' and g.tag = task.role and p.active = 1))
  and (skill is null
    or exists (select 1 from person_tag g where g.login = :inbox and g.kind = 'skill' and g.tag = task.skill))
  and not exists (select 1 from task d where task.apart <> '' and d.run = task.run and d.status = 'done'
    and lower(d.decided_by) = lower(:inbox)
    and replace(task.apart, '|' || d.node || '|', '') <> task.apart)
  and not exists (select 1 from run r where replace(task.apart, '|!starter|', '') <> task.apart
    and r.id = task.run and lower(r.started_by) = lower(:inbox))))"""


class TaskFilter(Request):
    """Which tasks."""

    inbox: Annotated[str | None, Option(("--inbox",), "WHO")] = None
    """What WHO has or may take: assigned to WHO, or free in a queue of a role of WHO's."""
    mine: Annotated[str | None, Option(("--mine",), "WHO")] = None
    """Only those assigned to WHO."""
    role: str | None = None
    """Only those for this role."""
    state: Literal["open", "done", "closed", "all"] = "open"
    """`open`, `done` (decided), `closed` (no longer needed) or `all`."""
    overdue: bool = False
    """Only those past their due time."""
    search: Annotated[str | None, Option(("--search",), "WORDS")] = None
    """Only those with all these words in business key, step, data, comments, names of files, …"""
    plan: str | None = None
    """Only those of runs of this plan."""
    step: str | None = None
    """Only those of the step of this name or id."""
    run: str | None = None
    """Only those of this run."""
    key: str | None = None
    """Only those of runs with this business key."""


def where(asked: TaskFilter, now: float) -> tuple[list[str], Json]:
    """The conditions of a query on `task`, and their parameters."""
    wanted = {"assignee": asked.mine, "role": asked.role, "plan": asked.plan, "run": asked.run}
    wanted |= {"key": asked.key, "status": None if asked.state == "all" else asked.state}
    given: Json = {name: value for name, value in wanted.items() if value is not None}
    clauses = ["simulated = 0", *(f"{name} = :{name}" for name in given)]
    if asked.step is not None:
        clauses.append("(node = :step or name = :step)")
        given["step"] = asked.step
    if asked.inbox is not None:
        clauses.append(INBOX)
        given["inbox"] = asked.inbox
    if asked.overdue:
        clauses.append("due < :now")
        given["now"] = now
    for number, word in enumerate((asked.search or "").split()):
        clause, more = _mentions(word, f"w{number}")
        clauses.append(clause)
        given |= more
    return clauses, given


def _mentions(word: str, name: str) -> tuple[str, Json]:
    """Whether a task mentions a word, whatever its case.

    SQLite lowers the letters of ASCII only, so the others are sought as they may be written.
    """
    spelled = dict.fromkeys(_lowered(form) for form in (word, word.lower(), word.upper(), word.capitalize()))
    given = {f"{name}x{n}": f"%{_escaped(each)}%" for n, each in enumerate(spelled)}

    def held(column: str) -> str:
        return " or ".join(f"lower({column}) like :{place} escape '!'" for place in given)

    own = " or ".join(held(column) for column in SEARCHED)
    said = f"exists (select 1 from comment c where c.task = task.id and ({held('c.body')}))"  # noqa: S608
    file = f"exists (select 1 from attachment a where a.task = task.id and ({held('a.file')}))"  # noqa: S608
    return f"({own} or {said} or {file})", given


def _lowered(word: str) -> str:
    """Lower case of A to Z, and of nothing else."""
    return "".join(c.lower() if c.isascii() else c for c in word)


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")

"""Erases one case, or one person's name, from runs, tasks, the audit and what has arrived."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.database import Database, Row
from home.erasure import Replacement, holds
from home.errors import Refused
from home.sql import migrations
from orchestrate.awaiting.store import forget_value
from orchestrate.records import audit
from orchestrate.records.tally import keep_count

STAY = frozenset({"audit", "audit_head", "plan", "plan_version", "schema_version", "worker"})
"""Tables that are not rewritten: the audit has erasures of its own, and a published version never changes."""
OF_A_STEP = ("notification", "model_score", "awaited", "event_taken")
OF_A_RUN = ("journal", "inbox", "task", "alert", "comment", "attachment", *OF_A_STEP, "run")
SAYS_RUN = frozenset({"task", "alert", "notification", "model_score"})
"""Tables that say whose a row is beside its key."""
NODES = frozenset({"node", "activity", "name", "plan", "kind", "status", "system"})
"""Columns that say what a plan has to do: a name is not sought in them."""


class StillOpen(Refused):
    """A run that is not over speaks of the case or person."""

    code = "still_open"


@dataclass(frozen=True)
class Held:
    """A table, its column, and in how many rows something stands there."""

    table: str
    column: str
    rows: int


def runs_of(state: Database, case: str, log: str | None = None) -> list[str]:
    """The runs of a case: those with this business key, and the run that is called so itself.

    With a `log` only those of plans that were made from it.
    """
    of_log = " and plan in (select plan from plan_version where log = :log)" if log else ""
    sql = f"select id from run where (key = :case or id = :case){of_log} order by id"  # noqa: S608
    return [str(row["id"]) for row in state.rows(sql, {"case": case, "log": log} if log else {"case": case})]


def refuse_open(state: Database, runs: Sequence[str], what: str) -> None:
    """Raise `StillOpen` where one of these runs is not over: it would write what was erased again."""
    sql = "select id, plan from run where status = 'open' and simulated = 0 and"
    found = list(_chosen(state, sql, runs))
    if found:
        named = ", ".join(f"{r['id']} ({r['plan']})" for r in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise StillOpen(
            f"{what} is in runs that are not over: {named}{more}. Nothing was erased.",
            hint=f"Let them end, or end one with `baton cancel {found[0]['id']}`; then forget.",
        )


def _chosen(state: Database, sql: str, runs: Sequence[str]) -> Iterator[Row]:
    for first in range(0, len(runs), 500):
        some = {f"r{n}": run for n, run in enumerate(runs[first : first + 500])}
        yield from state.rows(f"{sql} id in ({', '.join(f':{name}' for name in some)})", some)


# One case ---------------------------------------------------------------------------------------------


def find_case(state: Database, case: str, runs: Sequence[str], log: str | None = None) -> Iterator[Held]:
    """Where the runs of a case are, the audit of them, and what has arrived of it."""
    if runs:
        yield Held("run", "", len(runs))
    if seqs := audited(state, [case, *runs]):
        yield Held("audit", "", len(seqs))
    for table, key in (("arrival", "seq"), ("dead_letter", "id")):
        if found := _payloads(state, table, key, case, log):
            yield Held(table, "payload", len(found))


def erase_case(
    state: Database, case: str, runs: Sequence[str], log: str | None, *, at: datetime, actor: str
) -> None:
    """Delete the runs of a case with all that belongs to them, and take them out of the audit."""
    seqs = audited(state, [case, *runs])
    arrived = _payloads(state, "arrival", "seq", case, log)
    dead = _payloads(state, "dead_letter", "id", case, log)
    with state.transaction() as connection:
        keep_count(connection, runs)
        for run in runs:
            connection.execute(
                text("delete from comment where task in (select id from task where run = :run)"), {"run": run}
            )
            # What started it is known by an id of its own, such as the number of an order.
            connection.execute(text("delete from occurrence where run = :run"), {"run": run})
            for table in OF_A_RUN:
                if table != "comment":
                    column = "id" if table == "run" else "run"
                    connection.execute(text(f"delete from {table} where {column} = :run"), {"run": run})  # noqa: S608
        for row in arrived:
            key = {"queue": row["queue"], "seq": row["seq"]}
            connection.execute(
                text("update arrival set payload = null where queue = :queue and seq = :seq"), key
            )
            connection.execute(
                text("update arrival_queue set waiting = waiting - 1 where queue = :queue"), key
            )
        forget_value(connection, case)
        for row in dead:
            connection.execute(text("delete from dead_letter where id = :id"), {"id": row["id"]})
        audit.erase(connection, seqs, at=at, actor=actor, reason="a case was forgotten")


def _payloads(state: Database, table: str, key: str, case: str, log: str | None) -> list[Row]:
    """What has arrived of a case and waits to be loaded, or could not be."""
    given = {"some": f"%{_escaped(case)}%", **({"log": log} if log else {})}
    of_log = " and log = :log" if log else ""
    sql = f"select queue, {key}, payload from {table} where payload like :some escape '!'{of_log}"  # noqa: S608
    return [row for row in state.rows(sql, given) if holds(row["payload"], case)]


def audited(state: Database, names: Sequence[str]) -> list[int]:
    """The audit rows that speak of a run, task, case or person."""
    found: set[int] = set()
    for name in names:
        spelled = Replacement(name, "").spellings
        some = {f"s{n}": f"%{_escaped(each)}%" for n, each in enumerate(spelled)}
        where = " or ".join(
            f"{column} like :{place} escape '!'"
            for column in ("actor", "subject", "detail")
            for place in some
        )
        for row in state.rows(f"select seq, actor, subject, detail from audit where {where}", some):  # noqa: S608
            if row["subject"].startswith(f"{name}.") or _changes(Replacement(name, ""), row):
                found.add(row["seq"])
    return sorted(found)


def _changes(name: Replacement, row: Row) -> bool:
    return any(name.of(row[c]) != row[c] for c in ("actor", "subject", "detail") if row[c])


# One person -------------------------------------------------------------------------------------------


def find_person(state: Database, person: Replacement) -> Iterator[Held]:
    """Where a name stands in the store; in the audit too."""
    for table, column, rows in _mentions(state, person):
        yield Held(table, column, len(rows))
    for table in ("person", "person_tag"):
        held = state.rows(f"select 1 from {table} where login = :login", {"login": person.name})  # noqa: S608
        if held:
            yield Held(table, "login", len(held))
    if seqs := audited(state, [person.name]):
        yield Held("audit", "", len(seqs))


def published(state: Database, person: Replacement) -> int:
    """In how many published versions of plans a name stands; they never change."""
    rows = state.rows("select * from plan_version")
    return sum(any(isinstance(v, str) and person.of(v) != v for v in row.values()) for row in rows)


def runs_with(state: Database, person: Replacement) -> list[str]:
    """The runs that speak of a person."""
    found: set[str] = set()
    for table, _, rows in _mentions(state, person):
        if table in ("comment", "attachment"):
            found.update(str(row["task"]).rpartition(".")[0] for row, _ in rows)
        elif table in OF_A_RUN:
            found.update(str(row["id" if table == "run" else "run"]) for row, _ in rows)
    return sorted(found)


def erase_person(state: Database, person: Replacement, *, at: datetime, actor: str) -> None:
    """Put the token in the place of a name, and take the person out of the audit."""
    mentions = list(_mentions(state, person))
    seqs = audited(state, [person.name])
    with state.transaction() as connection:
        for table, column, rows in mentions:
            for row, new in rows:
                _update(connection, table, column, row, new)
        for sql in (
            "delete from person_tag where login = :login",
            "delete from person where login = :login",
            "update person set deputy = null where deputy in (:login, :token)",
        ):
            connection.execute(text(sql), {"login": person.name, "token": person.token})
        audit.erase(connection, seqs, at=at, actor=actor, reason="a person was forgotten")


def _mentions(state: Database, person: Replacement) -> Iterator[tuple[str, str, list[tuple[Row, str]]]]:
    """Table, column, and per row its key with what the column becomes."""
    inspector = sqlalchemy.inspect(state.engine)
    for table in sorted(own_tables() - STAY):
        key = inspector.get_pk_constraint(table)["constrained_columns"]
        for column in inspector.get_columns(table):
            name = column["name"]
            if isinstance(column["type"], sqlalchemy.Text) and name not in key and name not in NODES:
                rows = list(_rows(state, table, name, key, person))
                if rows:
                    yield table, name, rows


def own_tables() -> set[str]:
    """The tables of our own; those of a driver hold the names of runs and nothing about them."""
    found: set[str] = set()
    for package in ("ingest", "orchestrate"):
        for _, sql in migrations(package, "schema/state"):
            found.update(re.findall(r"create table (\w+)", sql))
    return found


def _rows(
    state: Database, table: str, column: str, key: Sequence[str], person: Replacement
) -> Iterator[tuple[Row, str]]:
    some = {f"s{n}": f"%{_escaped(each)}%" for n, each in enumerate(person.spellings)}
    where = " or ".join(f"{column} like :{place} escape '!'" for place in some)
    columns = [*key, "run"] if table in SAYS_RUN and "run" not in key else key
    sql = f"select {', '.join(columns)}, {column} as held from {table} where {where}"  # noqa: S608
    for row in map(dict, state.rows(sql, some)):
        held = row.pop("held")
        if person.of(held) != held:
            yield row, person.of(held)


def _update(connection: Connection, table: str, column: str, row: Row, new: str) -> None:
    where = " and ".join(f"{name} = :{name}" for name in row)
    sql = f"update {table} set {column} = :new_text where {where}"  # noqa: S608
    connection.execute(text(sql), {**row, "new_text": new})


def _escaped(some: str) -> str:
    """For `like`, with `!` as the sign of escape."""
    return some.replace("!", "!!").replace("%", "!%").replace("_", "!_")

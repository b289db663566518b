"""The stored triggers: what each is, how far it got, and what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.contracts import utc_text
from home.database import Database, Row
from home.errors import Refused, unknown
from orchestrate.engine.statements import RAISE
from orchestrate.triggers.contracts import Trigger

FAILING = 5
"""Errors in a row from which a trigger is shown as failing, and an alert is raised."""
QUEUE = "trigger:"
"""Begins the name of a trigger's queue of arrivals, and of who started its runs."""
COUNTED = ("started", "known", "skipped", "refused", "missed")
INSERT = (
    "insert into plan_trigger(name, kind, plan, revision, spec, status, added, added_by, position, due)"
    " values (:name, :kind, :plan, :revision, :spec, 'active', :at, :by, :position, :due)"
    " on conflict (name) do update set kind = excluded.kind, plan = excluded.plan, spec = excluded.spec,"
    " revision = excluded.revision, added = excluded.added, added_by = excluded.added_by,"
    " position = excluded.position, due = excluded.due, status = 'active', failures = 0, error = null"
)


class Moved(Refused):
    """A trigger was paused, changed or removed meanwhile, or another process was first."""

    code = "moved"


@dataclass(frozen=True)
class Kept:
    """One trigger as it is stored."""

    trigger: Trigger
    revision: int
    status: str
    added: float
    added_by: str
    position: str | None
    due: float | None
    counts: Mapping[str, int]
    """Occurrences by outcome."""
    fired_at: float | None
    failures: int
    error: str | None
    error_at: float | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.trigger.name

    @property
    def queue(self) -> str:
        """Name of its queue of arrivals; its runs say that this started them."""
        return QUEUE + self.name

    @property
    def state(self) -> str:
        """`active`, `paused` or `failing`."""
        return "failing" if self.status == "active" and self.failures >= FAILING else self.status


def all_triggers(state: Database, *, active: bool = False) -> list[Kept]:
    """Every trigger by name, or those that are not paused."""
    where = " where status = 'active'" if active else ""
    return [kept_of(row) for row in state.rows(f"select * from plan_trigger{where} order by name")]  # noqa: S608


def find_trigger(state: Database, name: str) -> Kept:
    """The trigger called `name`; raises `NotFound` with the nearest names."""
    row = state.row("select * from plan_trigger where name = :name", {"name": name})
    if row is None:
        known = [row["name"] for row in state.rows("select name from plan_trigger order by name")]
        raise unknown("trigger", name, known, listing="baton trigger list")
    return kept_of(row)


def kept_of(row: Row) -> Kept:
    """A row of `plan_trigger` as a trigger."""
    own = {name: row[name] for name in Kept.__dataclass_fields__ if name in row}
    counts = {name: row[name] for name in COUNTED}
    return Kept(trigger=_trigger(row["spec"]), counts=counts, **own)


@lru_cache(maxsize=4096)
def _trigger(spec: str) -> Trigger:
    """What a trigger was told; read once, though its row is looked at every second."""
    return Trigger.model_validate_json(spec)


def put(
    connection: Connection,
    trigger: Trigger,
    *,
    revision: int,
    position: str | None,
    due: float | None,
    at: float,
    by: str,
) -> None:
    """Store a trigger, in the place of an older version where there is one; it is active then."""
    values = {"name": trigger.name, "kind": trigger.on.kind, "plan": trigger.plan, "revision": revision}
    values |= {"spec": trigger.model_dump_json(exclude_defaults=False), "at": at, "by": by}
    connection.execute(text(INSERT), values | {"position": position, "due": due})


def hold(connection: Connection, kept: Kept, *, paused: bool = False, still: bool = False) -> None:
    """Lock a trigger for the rest of the transaction; others who fire it wait.

    Raises `Moved` where it is not as it was read: another version, paused (unless `paused` may be), or
    with `still` at another position.
    """
    row = (
        connection.execute(
            text("update plan_trigger set failures = failures where name = :name returning *"),
            {"name": kept.name},
        )
        .mappings()
        .first()
    )
    if row is None or row["revision"] != kept.revision or not (paused or row["status"] == "active"):
        raise Moved(f"The trigger {kept.name!r} was changed or paused.", hint="Try again.")
    if still and row["position"] != kept.position:
        raise Moved(
            f"The trigger {kept.name!r} was looked at by another process.", hint="Nothing is to be done."
        )


def advance(connection: Connection, kept: Kept, *, position: str | None, due: float | None) -> None:
    """Keep how far a trigger's source was gone through, and when to look again."""
    sql = "update plan_trigger set position = :position, due = :due where name = :name"
    connection.execute(text(sql), {"position": position, "due": due, "name": kept.name})


def count(
    connection: Connection, kept: Kept, outcomes: Mapping[str, int], at: float, error: str | None
) -> None:
    """Add up outcomes, and remember the `error` of the newest; without one, all is well again."""
    values = {name: outcomes.get(name, 0) for name in COUNTED} | {"name": kept.name, "at": at, "error": error}
    sums = ", ".join(f"{name} = {name} + :{name}" for name in COUNTED)
    fired = ", fired_at = :at" if outcomes.get("started") else ""
    well = ", failures = 0, error = null" if error is None else ""
    connection.execute(text(f"update plan_trigger set {sums}{fired}{well} where name = :name"), values)  # noqa: S608
    if error is not None:
        fail(connection, kept, error, at)


def fail(connection: Connection, kept: Kept, error: str, at: float) -> int:
    """Note an error; how many there were in a row. The one that makes the trigger failing raises an alert."""
    row = connection.execute(
        text(
            "update plan_trigger set failures = failures + 1, error = :error, error_at = :at"
            " where name = :name returning failures"
        ),
        {"error": error[:2000], "at": at, "name": kept.name},
    ).first()
    if row is None:
        return 0
    if row.failures == FAILING:
        message = f"The trigger {kept.name!r} failed {FAILING} times in a row: {error}"
        place = {"run": "", "kind": "trigger", "node": kept.name, "visit": int(at), "at": at}
        connection.execute(text(RAISE), place | {"message": message[:2000]})
    return int(row.failures)


def well(state: Database, kept: Kept) -> None:
    """Note that what was wrong is over."""
    sql = "update plan_trigger set failures = 0, error = null where name = :name and revision = :revision"
    state.execute(sql, {"name": kept.name, "revision": kept.revision})


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a moment, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def said(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601."""
    return utc_text(moment(seconds))


def move(connection: Connection, kept: Kept, position: str) -> None:
    """Keep how far a trigger's source was gone through."""
    sql = "update plan_trigger set position = :position where name = :name and revision = :revision"
    connection.execute(text(sql), {"position": position, "name": kept.name, "revision": kept.revision})

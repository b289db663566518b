"""The published versions of plans: immutable, numbered from 1, found by name."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.context import Context
from home.contracts import Nothing, Response, utc_text
from home.database import Database, Row
from home.errors import NotFound, unknown
from home.text import plain
from orchestrate.contracts import Plan

GateResult = Literal["pass", "fail", "no history", "unchanged"]


@dataclass(frozen=True)
class Verdict:
    """What the backtest gate said before a version was published."""

    gate: GateResult
    reasons: Sequence[str] = ()
    override_reason: str | None = None
    override_by: str | None = None


@dataclass(frozen=True)
class Published:
    """One version of a plan, as it was published."""

    plan: Plan
    version: int
    sha256: str
    gate: GateResult
    reasons: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """`plan@version`, as messages and the audit say it."""
        return f"{self.plan.name}@{self.version}"


def content_of(plan: Plan) -> str:
    """The one JSON text of a plan: keys sorted, no spaces, durations as ISO 8601."""
    return json.dumps(plan.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def sha256_of(plan: Plan) -> str:
    """SHA-256 of a plan's content, whatever the layout of the file it came from."""
    return hashlib.sha256(content_of(plan).encode()).hexdigest()


def add_version(
    connection: Connection, plan: Plan, verdict: Verdict, *, at: datetime, by: str
) -> tuple[int, bool]:
    """Store `plan` as the next version of its name: `(version, whether it is new)`.

    Content equal to the newest version is that version. Publishers of one plan wait for each other.
    """
    connection.execute(
        text("insert into plan(name, latest) values (:plan, 0) on conflict (name) do nothing"),
        {"plan": plan.name},
    )
    latest = connection.execute(
        text("update plan set latest = latest where name = :plan returning latest"), {"plan": plan.name}
    ).scalar_one()
    content, sha256 = content_of(plan), sha256_of(plan)
    same = connection.execute(
        text("select 1 from plan_version where plan = :plan and version = :version and sha256 = :sha256"),
        {"plan": plan.name, "version": latest, "sha256": sha256},
    ).first()
    if same is not None:
        return int(latest), False
    connection.execute(
        text("update plan set latest = :version where name = :plan"),
        {"version": latest + 1, "plan": plan.name},
    )
    connection.execute(
        text(
            "insert into plan_version(plan, version, sha256, content, log, owner, owner_confirmed, gate,"
            " reasons, override_reason, override_by, published_at, published_by) values (:plan, :version,"
            " :sha256, :content, :log, :owner, :confirmed, :gate, :reasons, :override_reason,"
            " :override_by, :at, :by)"
        ),
        {
            "plan": plan.name,
            "version": latest + 1,
            "sha256": sha256,
            "content": content,
            "log": plan.provenance.log if plan.provenance else None,
            "owner": plan.owner.name,
            "confirmed": int(plan.owner.confirmed),
            "gate": verdict.gate,
            "reasons": json.dumps(list(verdict.reasons), ensure_ascii=False),
            "override_reason": verdict.override_reason,
            "override_by": verdict.override_by,
            "at": utc_text(at),
            "by": by,
        },
    )
    return int(latest) + 1, True


def find_version(state: Database, name: str, version: int | None = None) -> Published:
    """A published version, the newest by default.

    Raises `NotFound` naming the nearest plans, or the versions there are.
    """
    row = state.row(
        "select v.* from plan p join plan_version v on v.plan = p.name"
        " and v.version = coalesce(:version, p.latest) where p.name = :plan",
        {"plan": name, "version": version},
    )
    if row is not None:
        return _published(row)
    plans = state.rows("select name, latest from plan order by name")
    newest = next((p["latest"] for p in plans if p["name"] == name), None)
    if newest is None:
        raise unknown("plan", name, [p["name"] for p in plans], listing="baton plans")
    raise NotFound(
        f"Plan {name!r} has no version {version}; its versions are 1 to {newest}.",
        hint="Leave out --version for the newest.",
    )


def _published(row: Row) -> Published:
    return Published(
        plan=Plan.model_validate_json(row["content"]),
        version=row["version"],
        sha256=row["sha256"],
        gate=row["gate"],
        reasons=tuple(json.loads(row["reasons"])),
    )


class PlanRow(Response):
    """One published plan, as its newest version is."""

    plan: str
    version: int
    """The newest; new runs take it."""
    sha256: str
    log: str | None
    """The log it was mined from."""
    owner: str
    owner_confirmed: bool
    """False where the owner is only the operating-system user who planned it."""
    gate: str
    """What the backtest said: `pass`, `fail` (published by override), `no history`, `unchanged`."""
    override: str | None
    """Why it was published although the gate failed, and on whose word."""
    published_at: str
    published_by: str


class PlanList(Response):
    """Every published plan."""

    rows: list[PlanRow]

    def lines(self) -> Iterator[str]:
        """One line per plan."""
        from home.text import table

        if not self.rows:
            yield "No plan is published yet. `baton plan CANDIDATE -o FILE`, then `baton publish FILE`."
        columns = ("plan", "version", "log", "owner", "gate", "published_at", "published_by")
        yield from table([p.model_dump() for p in self.rows], columns)
        for p in self.rows:
            if p.override:
                yield plain(f"{p.plan}: published against its gate: {p.override}")


def list_plans(context: Context, request: Nothing) -> PlanList:  # noqa: ARG001
    """The published plans with their newest version, owner, and what the backtest said."""
    rows = context.state.rows(
        "select v.* from plan p join plan_version v on v.plan = p.name and v.version = p.latest"
        " order by p.name"
    )
    return PlanList(rows=[_plan_row(row) for row in rows])


def _plan_row(row: Row) -> PlanRow:
    overridden = row["override_reason"] is not None
    return PlanRow(
        **{name: row[name] for name in ("plan", "version", "sha256", "log", "owner", "gate")},
        owner_confirmed=bool(row["owner_confirmed"]),
        override=f"{row['override_reason']} ({row['override_by']})" if overridden else None,
        published_at=row["published_at"],
        published_by=row["published_by"],
    )

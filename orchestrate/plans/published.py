"""`baton published`: a published plan as it stands, its versions, and the file it can be taken along as."""

import json
from collections.abc import Iterator
from typing import Annotated, ClassVar

from home.context import Context
from home.contracts import Argument, Contract, FileResponse, Option, OutputFile, Request
from home.text import plain, table
from orchestrate.contracts import Plan
from orchestrate.plans.plan_file import plan_text
from orchestrate.plans.versions import find_version


class PublishedRequest(Request):
    """Which plan."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    version: int | None = None
    """Which of its versions; default is the newest."""
    output: Annotated[str | None, Option(("-o", "--output")), OutputFile()] = None
    """Write the plan to this file; `-` prints it."""


class VersionRow(Contract):
    """One version of a plan."""

    version: int
    sha256: str
    gate: str
    """What the backtest said."""
    reasons: list[str]
    override: str | None
    """Why it was published although the gate failed, and on whose word."""
    published_at: str
    published_by: str


class PublishedPlan(FileResponse):
    """A published plan."""

    hidden: ClassVar[frozenset[str]] = frozenset({"content", "plan"})

    version: int
    plan: Plan
    versions: list[VersionRow]
    """All of them, the newest first."""

    def lines(self) -> Iterator[str]:
        """Its versions."""
        yield plain(f"{self.plan.name}@{self.version}, owned by {self.plan.owner.name}: {self.plan.purpose}")
        shown = [v.model_dump() for v in self.versions]
        yield from table(shown, ("version", "gate", "override", "published_at", "published_by"))
        if self.path:
            yield plain(f"Written to {self.path}.")


def published(context: Context, request: PublishedRequest) -> PublishedPlan:
    """A published plan and its versions; `-o` writes it as a file that can be changed and published again."""
    found = find_version(context.state, request.plan, request.version)
    rows = context.state.rows(
        "select * from plan_version where plan = :plan order by version desc", {"plan": request.plan}
    )
    return PublishedPlan(
        version=found.version,
        plan=found.plan,
        content=plan_text(found.plan),
        versions=[
            VersionRow(
                **{n: row[n] for n in ("version", "sha256", "gate", "published_at", "published_by")},
                reasons=json.loads(row["reasons"]),
                override=f"{row['override_reason']} ({row['override_by']})"
                if row["override_reason"]
                else None,
            )
            for row in rows
        ],
    )

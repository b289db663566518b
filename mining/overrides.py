"""Overrides: a score that a person sets by hand, kept beside the computed one with who, when and why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Contract, Request, Response
from home.errors import UsageError
from home.ids import new_id

if TYPE_CHECKING:
    from home.database import Database

ScoreName = Literal["frequency", "pain", "stability"]
SCORES: tuple[ScoreName, ...] = ("frequency", "pain", "stability")


class Override(Contract):
    """A score set by hand."""

    candidate: str
    score: ScoreName
    computed: int
    """What it was computed as at the time."""
    value: int | None
    """Absent where an earlier override is taken back."""
    by: str
    why: str
    at: datetime


class OverrideRequest(Request):
    """Which candidate, which scores, and why."""

    candidate: Annotated[str, Argument("CANDIDATE")]
    """Id, as `baton candidates` shows it."""
    frequency: int | None = Field(default=None, ge=0, le=5)
    """1 to 5; 0 takes an earlier override back."""
    pain: int | None = Field(default=None, ge=0, le=5)
    """1 to 5; 0 takes an earlier override back."""
    stability: int | None = Field(default=None, ge=0, le=5)
    """1 to 5; 0 takes an earlier override back."""
    by: str
    """Who says so."""
    why: str = Field(min_length=3)
    """What the log does not know."""


class OverrideResponse(Response):
    """What was set."""

    candidate: str
    overrides: list[Override]


def override(context: Context, request: OverrideRequest) -> OverrideResponse:
    """Set scores of a candidate by hand. The computed ones stay visible beside them."""
    from mining.candidates import find_candidate

    wanted = {name: getattr(request, name) for name in SCORES if getattr(request, name) is not None}
    if not wanted:
        raise UsageError("No score is given.", hint="Add --frequency N, --pain N or --stability N.")
    found = find_candidate(context, request.candidate)
    now = context.clock.now()
    made = [
        Override(
            candidate=found.id,
            score=name,
            computed=getattr(found, name),
            value=value or None,
            by=request.by,
            why=request.why,
            at=now,
        )
        for name, value in wanted.items()
    ]
    for each in made:
        context.state.execute(
            "insert into override values (:id, :candidate, :score, :computed, :value, :by, :why, :at)",
            {**each.model_dump(exclude={"at"}), "id": new_id("ovr", now), "at": now.timestamp()},
        )
    return OverrideResponse(candidate=found.id, overrides=made)


def overrides(state: "Database", candidates: Iterable[str]) -> dict[str, list[Override]]:
    """The overrides that count, by candidate."""
    wanted = set(candidates)
    newest: dict[tuple[str, str], Override] = {}
    for row in state.rows("select * from override order by at, id"):
        if row["candidate"] in wanted:
            newest[row["candidate"], row["score"]] = Override(
                candidate=row["candidate"],
                score=row["score"],
                computed=row["computed"],
                value=row["value"],
                by=row["by_whom"],
                why=row["why"],
                at=datetime.fromtimestamp(row["at"], UTC),
            )
    found: dict[str, list[Override]] = {}
    for each in newest.values():
        if each.value is not None:
            found.setdefault(each.candidate, []).append(each)
    return found

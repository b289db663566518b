"""`baton moves`: the redesign moves of a plan file; accept or reject one, and the plan is made anew."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from home.context import Context
from home.contracts import Argument, FileResponse, InputFile, Option, OutputFile, Request
from home.errors import Refused
from home.text import plain, table
from orchestrate.contracts import Owner, Plan
from orchestrate.plans.changes import with_moves
from orchestrate.plans.plan_file import plan_text, read_plan

MARKS = {True: "accepted", False: "–"}


class MovesRequest(Request):
    """Which plan, and what to change."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""
    accept: Annotated[tuple[str, ...], Option(("--accept",), "MOVE")] = ()
    """A move to put into the plan, by its id. Repeatable."""
    reject: Annotated[tuple[str, ...], Option(("--reject",), "MOVE")] = ()
    """A move to take out of the plan. Repeatable."""
    owner: Annotated[str | None, Option(("--owner",), "WHO")] = None
    """Who answers for the plan, confirmed by saying so."""
    output: Annotated[str | None, Option(("-o", "--output")), OutputFile()] = None
    """Write the plan to this file; `-` prints it."""


class Moves(FileResponse):
    """A plan and the moves from as-is to to-be."""

    hidden: ClassVar[frozenset[str]] = frozenset({"content", "plan"})

    plan: Plan
    """The plan as it is with these moves."""

    def lines(self) -> Iterator[str]:
        """One line per move."""
        shown = [
            {
                "move": m.id,
                "in the plan": MARKS[m.accepted],
                "grade": m.grade,
                "title": m.title,
                "gain_s": m.gain_s,
            }
            for m in self.plan.moves
        ]
        yield plain(f"{self.plan.name}: {len(shown)} moves")
        yield from table(shown)
        if self.path:
            yield plain(f"Written to {self.path}.")


def moves(context: Context, request: MovesRequest) -> Moves:  # noqa: ARG001
    """List a plan's redesign moves; accept or reject some, and the plan is made anew from its as-is tree.

    A refused move cannot be accepted: it says why it is unsafe. Accepting and rejecting makes the plan's
    body anew, so edits made to the file by hand are lost.
    """
    plan = read_plan(request.file)
    if request.accept or request.reject:
        plan = _moved(plan, request.accept, request.reject)
    if request.owner is not None:
        plan = plan.model_copy(update={"owner": Owner(name=request.owner, confirmed=True)})
    return Moves(plan=plan, content=plan_text(plan))


def _moved(plan: Plan, accept: Sequence[str], reject: Sequence[str]) -> Plan:
    refused = next((m for m in plan.moves if m.id in accept and m.grade == "refuse"), None)
    if refused is not None:
        why = refused.evidence[0].statement if refused.evidence else refused.title
        raise Refused(f"Move {refused.id!r} was refused: {why}", hint="It stays out of the plan.")
    wanted = ({m.id for m in plan.moves if m.accepted} | set(accept)) - set(reject)
    return with_moves(plan, wanted)

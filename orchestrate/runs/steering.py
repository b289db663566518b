"""`pause`, `resume`, `cancel`, `retry` and `reschedule`: what people tell runs that are under way."""

from typing import Annotated

from home.context import Context
from home.contracts import Argument, Option, TextOrFile
from home.errors import UsageError
from orchestrate.people.moments import moment, read_moment
from orchestrate.people.tasks import find_task, json_object
from orchestrate.runs.steered import Several, Steered, SteerRequest, steer, told


class PauseRequest(SteerRequest):
    """Which runs to pause."""


class ResumeRequest(SteerRequest):
    """Which runs to let go on."""


class CancelRequest(SteerRequest):
    """Which runs to stop, and how."""

    reason: str = ""
    """Why; kept in its journal."""
    keep: bool = False
    """Leave what it did as it is, instead of undoing it, last first."""


class RetryRequest(SteerRequest):
    """Which runs to send back, and where to."""

    node: Annotated[str, Option(("--from",), "STEP")]
    """Id of the step, or of a block, to do again; all that comes after it is done again, too."""
    undo: bool = False
    """Undo first what was done since then, last first, where the plan says how."""
    data: Annotated[str, TextOrFile()] = "{}"
    """Corrections to the run's data, as a JSON object; @FILE takes it from a file."""
    reason: str = ""
    """Why; kept in its journal."""


class RescheduleRequest(SteerRequest):
    """What is due when."""

    run: Annotated[tuple[str, ...], Several, Argument("[RUN|TASK]")] = ()
    """Ids of tasks, or of runs for the deadline of the whole run."""
    due: str | None = None
    """When: a moment like 2026-12-24T12:00 (UTC where no zone is given), or `+4h` from now (min, h, d)."""
    never: bool = False
    """Take the due time away."""


def pause(context: Context, request: PauseRequest) -> Steered:
    """Pause runs: nothing new begins, and no time passes in them, until they are resumed.

    What is under way ends. A run's sub-plans pause with it.
    """
    return steer(context, request, "pause", {})


def resume(context: Context, request: ResumeRequest) -> Steered:
    """Let paused runs go on; every due time moves by as long as the pause lasted."""
    return steer(context, request, "resume", {})


def cancel(context: Context, request: CancelRequest) -> Steered:
    """Stop runs: open tasks are closed, sub-plans stopped, and what was done is undone where the plan
    says how."""
    undo = not request.keep
    payload = {"undo": undo, "reason": request.reason}
    return steer(context, request, "cancel", payload, detail={"reason": request.reason, "undo": undo})


def retry(context: Context, request: RetryRequest) -> Steered:
    """Send runs back to a step of their way: it is done again, and all that comes after it.

    Open tasks behind it are closed, attempts under way are given up, sub-plans stopped; other lanes of
    a parallel block go on. Refused where the step was not reached, or lies in a loop or parallel block
    that has ended: then go back to all of it. Effects get new idempotency keys.
    """
    data = json_object(request.data)
    payload = {"node": request.node, "undo": request.undo, "data": data, "reason": request.reason}
    detail = {"node": request.node, "undo": request.undo, "reason": request.reason}
    return steer(context, request, "go_back", payload, detail=detail)


def reschedule(context: Context, request: RescheduleRequest) -> Steered:
    """Make tasks, or runs as a whole, due at another time, or never."""
    if (request.due is None) != request.never:
        raise UsageError("When is it due?", hint="--due 2026-12-24T12:00, --due +4h, or --never.")
    due = None if request.due is None else read_moment(request.due, context.clock)
    detail = {"due": moment(due)}
    if not request.run:
        return steer(context, request, "reschedule", {"due": due}, detail=detail)
    letters = []
    for name in request.run:
        task = find_task(context.state, name)["run"] if "." in name else None
        letters.append((task or name, {"due": due, "task": name if task else None}))
    alone = len(letters) == 1
    return told(context, letters, request, "reschedule", detail, alone=alone)

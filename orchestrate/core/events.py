"""What can happen to a run: the events the core is told, as they stand in journal and inbox."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from home.contracts import Contract
from home.errors import Refused


class Caller(Contract):
    """The attempt of a step that a run is the sub-plan of: it is told how the run ends."""

    run: str
    node: str
    visit: int
    attempt: int
    depth: int
    """Of this run below the one that nobody called, from 1."""
    trace: dict[str, str] | None = None
    """Where the run that nobody called comes from; see `Started.trace`."""


class Started(Contract):
    """The run begins; always the first event, and only then."""

    kind: Literal["started"] = "started"
    run: str
    data: dict[str, Any] = {}
    caller: Caller | None = None
    trace: dict[str, str] | None = None
    """Where it comes from, as `home.telemetry.origin` says it."""


class Called(Contract):
    """An attempt of a sub-plan: the other plan's run starts in the transaction that keeps this event."""

    kind: Literal["called"] = "called"
    node: str
    visit: int
    attempt: int
    plan: str
    version: int


class Accepted(Contract):
    """A system took an attempt over and will answer later, by `succeeded` or `failed`."""

    kind: Literal["accepted"] = "accepted"
    node: str
    visit: int
    attempt: int
    within_s: float | None = None
    """Nothing by then is not tried again but asked of a person; without it the step's timeout holds."""
    role: str | None = None
    """Who is asked then; `None`: whoever works the manual queue."""
    reason: str = ""
    """What they are told."""
    otherwise: str | None = None
    """Nothing by then is this outcome of the step, and nobody is asked."""


class Asked(Contract):
    """An attempt found that a person has to do the step."""

    kind: Literal["asked"] = "asked"
    node: str
    visit: int
    attempt: int
    reason: str
    context: dict[str, Any] = {}
    """Shown beside the step's own instructions and data."""
    role: str | None = None
    """Who is asked; `None`: the step's own role."""


class Succeeded(Contract):
    """An attempt ended well, as far as the connector can tell; its output is not checked yet."""

    kind: Literal["succeeded"] = "succeeded"
    node: str
    visit: int
    attempt: int
    output: dict[str, Any] = {}
    begun: float | None = None
    """When the work itself began; the moment of the attempt where not given."""
    resource: str | None = None


class Failed(Contract):
    """An attempt ended badly."""

    kind: Literal["failed"] = "failed"
    node: str
    visit: int
    attempt: int
    error: str
    retryable: bool = True
    begun: float | None = None
    resource: str | None = None


class Decided(Contract):
    """A person did a task, or something outside settled what `node` waits for."""

    kind: Literal["decided"] = "decided"
    task: str | None = None
    node: str | None = None
    """Instead of `task`: the step, choice or loop whose open task this settles."""
    outcome: str = "done"
    output: dict[str, Any] = {}
    by: str = ""
    note: str | None = None
    begun: float | None = None


class Tick(Contract):
    """Time has passed: whatever is due by now happens."""

    kind: Literal["tick"] = "tick"


class Cancel(Contract):
    """Stop the run; with `undo`, compensate what it did, last first."""

    kind: Literal["cancel"] = "cancel"
    undo: bool = True
    by: str = ""
    reason: str = ""


class Pause(Contract):
    """Begin nothing new and let no time pass, until resumed."""

    kind: Literal["pause"] = "pause"
    by: str = ""


class Resume(Contract):
    """Go on; every due time moves by as long as the pause lasted."""

    kind: Literal["resume"] = "resume"
    by: str = ""


class GoBack(Contract):
    """Do a node of the path again, and all that comes after it."""

    kind: Literal["go_back"] = "go_back"
    node: str
    """A step, or a block with everything in it."""
    undo: bool = False
    """Whether what was done since then is undone first, last first."""
    data: dict[str, Any] = {}
    """Corrections to the run's data."""
    by: str = ""
    reason: str = ""


class Reschedule(Contract):
    """A task, or the run as a whole, is due at another time."""

    kind: Literal["reschedule"] = "reschedule"
    task: str | None = None
    """`None`: the deadline of the run."""
    due: float | None = None
    """Seconds since 1970; `None`: it has no due time any more."""
    by: str = ""


Event = (
    Started
    | Accepted
    | Asked
    | Called
    | Succeeded
    | Failed
    | Decided
    | Tick
    | Cancel
    | Pause
    | Resume
    | GoBack
    | Reschedule
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def read_event(kind: str, payload: dict[str, Any]) -> Event:
    """The event behind an inbox row; raises `Refused` naming the first field that is wrong."""
    try:
        return _EVENT.validate_python(payload | {"kind": kind})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "kind"
        raise Refused(f"The event {kind!r} cannot be read: {where}: {first['msg']}.") from error


def parse_event(text: str) -> Event:
    """The event behind a journal row."""
    return _EVENT.validate_json(text)

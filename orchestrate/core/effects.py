"""What the core wants done in the store, in the same transaction as the event that caused it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrate.core.events import Caller

TaskKind = Literal["step", "choice", "loop", "manual", "side"]
"""What a task asks for; the run's own deadline is `manual`, too."""


STARTER = "!starter"
"""Among the steps of `Terms.apart`: who started the run."""


@dataclass(frozen=True)
class Terms:
    """Who may have a task, beside its role."""

    by: str = "role"
    """As `Assign.by`."""
    skill: str | None = None
    apart: tuple[str, ...] = ()
    """Steps whose doers may not have it; `STARTER` for who started the run."""
    queue: str | None = None
    """The role that gets it where the person it is for cannot."""


@dataclass(frozen=True)
class OpenTask:
    """Ask a person."""

    task: str
    node: str
    visit: int
    kind: TaskKind
    name: str
    role: str | None
    assignee: str | None
    outcomes: tuple[str, ...]
    """What may be decided; empty means done is done."""
    due: float | None = None
    reason: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    terms: Terms = Terms()


@dataclass(frozen=True)
class RemindTask:
    """Remind whoever has the task."""

    task: str


@dataclass(frozen=True)
class EscalateTask:
    """Hand the task to the next in its chain."""

    task: str
    level: int
    role: str | None
    assignee: str | None
    due: float | None


@dataclass(frozen=True)
class MoveTask:
    """The task is due at another time, or not at all."""

    task: str
    due: float | None


@dataclass(frozen=True)
class CloseTask:
    """The task is no longer needed; one that was decided meanwhile stays decided."""

    task: str


@dataclass(frozen=True)
class DoneTask:
    """The task was settled; does nothing where the decider's own transaction already said so."""

    task: str
    node: str
    visit: int
    outcome: str
    by: str
    note: str | None
    output: dict[str, Any]


@dataclass(frozen=True)
class Completed:
    """A visit of a step is over: this is what reading runs back as an event log counts."""

    node: str
    visit: int
    enabled: float
    outcome: str | None


@dataclass(frozen=True)
class Alert:
    """Somebody should look; raised once per run, kind, node and visit."""

    kind: Literal["late", "contract", "manual", "refused", "deadline"]
    node: str
    visit: int
    message: str


@dataclass(frozen=True)
class StartRun:
    """Start the run of a sub-plan; once for each run, node, visit and attempt that calls it."""

    run: str
    plan: str
    version: int
    data: dict[str, Any]
    caller: Caller


@dataclass(frozen=True)
class Tell:
    """Put an event into the inbox of another run: of a sub-plan's, or of the one that called this one."""

    run: str
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """The event does not fit the state; nothing changed. Always the only effect."""

    reason: str


Effect = (
    OpenTask
    | RemindTask
    | EscalateTask
    | MoveTask
    | CloseTask
    | DoneTask
    | Completed
    | Alert
    | StartRun
    | Tell
    | Refusal
)

"""What the core wants done in the store, in the same transaction as the event that caused it."""

from dataclasses import dataclass, field
from typing import Any, Literal

TaskKind = Literal["step", "choice", "loop", "manual", "side"]


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

    kind: Literal["late", "contract", "manual", "refused"]
    node: str
    visit: int
    message: str


@dataclass(frozen=True)
class Refusal:
    """The event does not fit the state; nothing changed. Always the only effect."""

    reason: str


Effect = OpenTask | RemindTask | EscalateTask | CloseTask | DoneTask | Completed | Alert | Refusal

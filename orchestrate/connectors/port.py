"""What a connector is: one way in which a step reaches the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from home.errors import BatonError
from orchestrate.connectors.options import BadSettings, Options, read_options
from orchestrate.contracts import Step


class CallFailed(BatonError):
    """A call did not do what the step asks; `retryable` says whether trying again can help."""

    code = "connector"

    def __init__(self, message: str, *, retryable: bool = True, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.can_retry = retryable


@dataclass(frozen=True)
class Work:
    """One attempt of one step, as a connector sees it."""

    step: Step
    settings: Mapping[str, Any]
    """Of the binding; secrets are references still."""
    input: Mapping[str, Any]
    key: str
    """Idempotency key: equal in every attempt of this visit."""
    timeout_s: float
    """Seconds after which the answer no longer counts."""
    attempt: int = 1
    run: str = ""
    node: str = ""
    """With `run`, `visit` and `attempt`: where a result that comes later is posted to."""
    visit: int = 0
    plan: str = ""
    """`name@version`."""
    trace: Mapping[str, str] = field(default_factory=dict)
    """Headers that carry the trace on (`traceparent`): sent with every request and message."""


@dataclass(frozen=True)
class Later:
    """What a connector returns when the work was accepted and its result will be posted to the run."""

    within_s: float | None = None
    """Seconds; nothing by then is not tried again but asked of a person. `None`: the step's timeout."""
    role: str | None = None
    """Who is asked then; `None`: whoever works the manual queue."""
    reason: str = ""
    """What the person is told then."""
    otherwise: str | None = None
    """Outcome of the step then, and nobody is asked."""


@dataclass(frozen=True)
class Ask:
    """What a connector returns when a person has to do the step, and what to show them."""

    reason: str
    context: Mapping[str, Any] = field(default_factory=dict)
    """Shown beside the step's own instructions and data, such as a suggestion."""
    role: str | None = None
    """Who is asked; `None`: the step's own role."""


Answer = Mapping[str, Any] | Later | Ask


@dataclass(frozen=True)
class About:
    """What a connector is for, in the words by which the catalogue finds it."""

    purpose: str
    """One or two sentences."""
    verbs: tuple[str, ...] = ()
    """What steps that want it are called: `send`, `approve` …"""
    systems: tuple[str, ...] = ()
    """Kinds of systems it reaches."""
    idempotent: str = ""
    """How a repeated attempt is kept from doing the work twice."""
    cost: str = ""
    """What an attempt takes, in words."""


Some = TypeVar("Some", bound=Options)


def options_of(connector: str, kind: type[Some], work: Work) -> Some:
    """The settings of an attempt as its connector's model; raises `CallFailed` where they are wrong."""
    try:
        return read_options(connector, kind, work.settings)
    except BadSettings as error:
        raise CallFailed(error.message, retryable=False, hint=error.hint) from error


class Connector(Protocol):
    """Carries out steps. One object per process, made from a `Context`, used by many runs at once."""

    summary: ClassVar[str]
    """One sentence for people."""
    about: ClassVar[About]
    options: ClassVar[type[Options]]
    """What a binding may set, and what that means; checked when a step is bound and a plan published."""

    async def call(self, work: Work) -> Answer:
        """Do the work and return the step's output, a JSON object.

        Raises `CallFailed`. An effect must carry `work.key`, since an attempt may come twice. When it
        is cancelled, nothing of it goes on.
        """
        ...

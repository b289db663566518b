"""What a connector is: one way in which a step reaches the world."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from home.errors import BatonError
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


class Later:
    """What a connector returns when the work was accepted and its result will be posted to the run."""


class Connector(Protocol):
    """Carries out steps. One object per process, made from the settings, used by many runs at once."""

    summary: str
    """One sentence for people."""
    options: Mapping[str, str]
    """What a binding may set, and what that means."""

    async def call(self, work: Work) -> Mapping[str, Any] | Later:
        """Do the work and return the step's output.

        Raises `CallFailed`. An effect must carry `work.key`, since an attempt may come twice.
        """
        ...

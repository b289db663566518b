"""`baton simulate`: plays a log or a plan forward with its resources and calendars (not built yet)."""

from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Argument, FileResponse, Option, OutputFile, Request
from home.errors import NotAvailable


class SimulateRequest(Request):
    """What to play, and how often."""

    source: Annotated[str, Argument("FILE|LOG")]
    """A plan file, or the name of a log."""
    cases: int = Field(default=1000, ge=1)
    """How many cases to play."""
    seed: int = 1
    """Another seed draws other cases."""
    output: Annotated[str | None, Option(("-o", "--output"), "CSV"), OutputFile()] = None
    """Where to write the simulated events."""


def simulate(context: Context, request: SimulateRequest) -> FileResponse:  # noqa: ARG001
    """Not available yet: `baton sandbox` plays a published plan in simulated time."""
    raise NotAvailable("Simulation", hint="`baton sandbox PLAN` plays a published plan in simulated time.")

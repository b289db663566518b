"""`baton bind`: joins a step to a connector, or gives it back to a person, as a new version."""

import json
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Annotated, Any

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.errors import NotFound, Refused, UsageError
from home.settings import REFERENCE
from home.text import plain
from orchestrate.audit import record
from orchestrate.changes import rewritten
from orchestrate.check import nodes
from orchestrate.contracts import (
    Binding,
    Node,
    Plan,
    Step,
    StepKind,
)
from orchestrate.versions import Verdict, add_version, find_version, sha256_of

SECRET = re.compile(r"(password|passwd|secret|token|bearer|api_?key|authorization|credential)", re.IGNORECASE)
PASSWORD_IN_URL = re.compile(r"\w[\w+.-]*://[^/@\s]*:[^/@\s]+@")
PERSON = "human"
KINDS: dict[str, StepKind] = {
    "manual": "manual",
    "notify": "notify",
    "publish": "publish",
    "script": "script",
    "model": "model",
}
"""What a step bound to this connector does; with any other it is a service."""


class BindRequest(Request):
    """Which step to bind to what."""

    plan: Annotated[str, Argument("PLAN")]
    """Name of a published plan."""
    step: Annotated[str, Argument("STEP")]
    """Id or name of the step."""
    connector: Annotated[str, Argument("CONNECTOR")]
    """Name of a connector (`baton connectors` lists them); `human` gives the step back to a person."""
    set: Annotated[list[str], Option(("--set",), "KEY=VALUE")] = []
    """A setting of the connector; the value is JSON where it reads as JSON, else text. Repeatable.
    Secrets only by reference: `env:NAME` or `file:PATH`."""
    by: str | None = None
    """Who binds it; default is the operating-system user."""


class BindResponse(Response):
    """The version that has the binding."""

    plan: str
    version: int
    sha256: str
    step: str
    """Id of the step."""
    connector: str
    created: bool
    """False where the newest version already had just this binding."""

    def lines(self) -> Iterator[str]:
        """What new runs will do."""
        how = "is a task for a person" if self.connector == PERSON else f"is done by {self.connector!r}"
        yield plain(f"{self.plan}@{self.version}: step {self.step!r} {how}.")
        yield (
            "New runs take this version; running ones stay on theirs." if self.created else "It already was."
        )


def bind(context: Context, request: BindRequest) -> BindResponse:
    """Publish a new version of a plan in which one step is done by a connector.

    The order of the steps does not change, so the version keeps what the backtest said of the one
    before it. Runs on their way stay on their version.
    """
    newest = find_version(context.state, request.plan)
    step = find_step(newest.plan, request.step)
    settings = dict(_setting(text) for text in request.set)
    _known_settings(request.connector, settings)
    plan = with_step(newest.plan, step.id, lambda found: bound(found, request.connector, settings))
    by = request.by or context.actor
    with context.state.transaction() as connection:
        at = context.clock.now()
        verdict = Verdict(
            "unchanged", (f"the order of steps is that of {newest.name}, whose gate said: {newest.gate}",)
        )
        version, created = add_version(connection, plan, verdict, at=at, by=by)
        if created:
            detail = {"step": step.id, "connector": request.connector, "settings": sorted(settings)}
            record(connection, at=at, actor=by, action="bind", subject=f"{plan.name}@{version}", **detail)
    return BindResponse(
        plan=plan.name,
        version=version,
        sha256=sha256_of(plan),
        step=step.id,
        connector=request.connector,
        created=created,
    )


def bound(step: Step, connector: str, settings: dict[str, Any]) -> Step:
    """`step` done by `connector`, or by a person again."""
    if connector == PERSON:
        return step.model_copy(update={"binding": None, "does": "human"})
    does = step.does if step.does != "human" else KINDS.get(connector, "service")
    return step.model_copy(update={"binding": Binding(connector=connector, settings=settings), "does": does})


def _known_settings(connector: str, settings: dict[str, Any]) -> None:
    """Refuse a connector that nobody has installed, and settings it does not know."""
    from orchestrate.connectors.registry import find_connector

    known = list(find_connector(connector).options)
    for name in settings:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no settings"
            raise UsageError(
                f"The connector {connector!r} {takes}, not {name!r}.", hint="See `baton connectors`."
            )


def _setting(given: str) -> tuple[str, Any]:
    key, equals, value = given.partition("=")
    if not key or not equals:
        raise UsageError(f"--set takes KEY=VALUE, not {given!r}.", hint="For example --set url=https://…")
    try:
        found = json.loads(value)
    except ValueError:
        found = value
    _refuse_secrets(key, found)
    return key, found


def _refuse_secrets(key: str, value: Any) -> None:
    """Plans are kept for ever and shown to many: a secret in one could never be taken back."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_secrets(name, inner)
        return
    named = SECRET.search(key) and not REFERENCE.match(str(value))
    if named or (isinstance(value, str) and PASSWORD_IN_URL.match(value)):
        raise Refused(
            f"{key!r} holds a secret, and plans are kept for ever.",
            hint=f"Give it by reference: --set {key}=env:NAME or --set {key}=file:PATH.",
        )


def find_step(plan: Plan, wanted: str) -> Step:
    """The step with this id, or the only one with this name."""
    steps = [*steps_of(plan.body), *plan.side]
    for step in steps:
        if step.id == wanted:
            return step
    named = [step for step in steps if step.name.casefold() == wanted.casefold()]
    if len(named) > 1:
        ids = ", ".join(step.id for step in named)
        raise Refused(
            f"Plan {plan.name!r} has {len(named)} steps called {wanted!r}.", hint=f"Name one: {ids}."
        )
    if not named:
        known = [step.id for step in steps]
        near = get_close_matches(wanted, known, n=2)
        meant = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
        message = f"Plan {plan.name!r} has no step called {wanted!r}."
        raise NotFound(message, hint=f"{meant}Its steps are {', '.join(known)}.")
    return named[0]


def steps_of(node: Node) -> Iterator[Step]:
    """Every step of a tree, from left to right."""
    return (found for found in nodes(node) if isinstance(found, Step))


def with_step(plan: Plan, step: str, change: Callable[[Step], Step]) -> Plan:
    """`plan` with `change` made to one step of its body or side."""

    def edit(node: Node) -> Node:
        return change(node) if isinstance(node, Step) and node.id == step else node

    side = tuple(change(s) if s.id == step else s for s in plan.side)
    return plan.model_copy(update={"body": rewritten(plan.body, edit), "side": side})

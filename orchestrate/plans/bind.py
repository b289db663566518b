"""`baton bind`: joins a step to a connector, or gives it back to a person, as a new version."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.errors import NotFound, Refused
from home.text import plain
from orchestrate.catalogue.entry import Entry
from orchestrate.connectors.options import read_options
from orchestrate.connectors.registry import find_connector
from orchestrate.contracts import Binding, Node, Plan, Step, StepKind
from orchestrate.plans.bindings import setting_of
from orchestrate.plans.changes import rewritten
from orchestrate.plans.check import nodes
from orchestrate.plans.versions import Published, Verdict, add_version, find_version, sha256_of
from orchestrate.records.audit import record

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
    connector: Annotated[str | None, Argument("CONNECTOR")] = None
    """Name of a connector (`baton connectors` lists them); `human` gives the step back to a person. Without
    one nothing is bound, and what fits the step is listed."""
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
    operation: str | None = None
    """What is called, where an OpenAPI document says so."""
    takes: list[str] = []
    """Fields of the step's input contract."""
    gives: list[str] = []
    """Fields of its output contract."""
    fits: list[Entry] = []
    """Without a connector: what the step could be bound to, the best first."""

    def lines(self) -> Iterator[str]:
        """What new runs will do."""
        for entry in self.fits:
            yield plain(f"{entry.name} ({entry.kind}): {entry.purpose}")
            yield plain(f"    {entry.use.replace('PLAN', self.plan).replace('STEP', self.step)}")
        if self.fits:
            return
        how = "is a task for a person" if self.connector == PERSON else f"is done by {self.connector!r}"
        yield plain(f"{self.plan}@{self.version}: step {self.step!r} {how}.")
        yield (
            "New runs take this version; running ones stay on theirs." if self.created else "It already was."
        )
        if self.operation is not None:
            yield plain(f"It calls {self.operation}")
            yield plain(
                f"  from {', '.join(self.takes) or 'nothing'} to {', '.join(self.gives) or 'nothing'}"
            )


def bind(context: Context, request: BindRequest) -> BindResponse:
    """Publish a new version of a plan in which one step is done by a connector.

    The order of the steps does not change, so the version keeps what the backtest said of the one
    before it. Runs on their way stay on their version.
    """
    newest = find_version(context.state, request.plan)
    step = find_step(newest.plan, request.step)
    if request.connector is None:
        return _suggested(context, newest, step)
    settings = dict(setting_of(text) for text in request.set)
    read_options(request.connector, find_connector(request.connector).options, settings)
    change = partial(_bound, context, connector=request.connector, settings=settings)
    plan = with_step(newest.plan, step.id, change)
    done = find_step(plan, step.id)
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
        operation=operation_in(done.binding),
        takes=sorted(done.input.get("properties", {})),
        gives=sorted(done.output.get("properties", {})),
    )


def _suggested(context: Context, newest: Published, step: Step) -> BindResponse:
    from orchestrate.catalogue.command import fitting

    return BindResponse(
        plan=newest.plan.name,
        version=newest.version,
        sha256=newest.sha256,
        step=step.id,
        connector=step.binding.connector if step.binding is not None else PERSON,
        created=False,
        fits=fitting(context, step),
    )


def _bound(context: Context, step: Step, *, connector: str, settings: dict[str, Any]) -> Step:
    """`bound`, checked; its contracts are those of the operation where the step has none of its own."""
    from orchestrate.plans.bindings import settled_step

    before = step.binding
    if before is not None and before.settings.get("contract"):  # contracts that came with it go with it
        from orchestrate.connectors.http.operation import Operation

        operation = Operation.model_validate(before.settings["contract"])
        left: dict[str, Any] = {
            k: {} for k in ("input", "output") if getattr(step, k) == getattr(operation, k)
        }
        step = step.model_copy(update=left)
    return settled_step(context, bound(step, connector, settings))


def operation_in(binding: Binding | None) -> str | None:
    """The operation a binding calls, in words; `None` where no OpenAPI document says."""
    contract = binding.settings.get("contract") if binding is not None else None
    if not contract:
        return None
    said = f": {contract['summary']}" if contract.get("summary") else ""
    server = binding.settings.get("url") or contract["server"] if binding is not None else ""
    return f"{contract['id']} = {contract['method']} {server.rstrip('/')}{contract['path']}{said}"


def bound(step: Step, connector: str, settings: dict[str, Any]) -> Step:
    """`step` done by `connector`, or by a person again."""
    if connector == PERSON:
        return step.model_copy(update={"binding": None, "does": "human"})
    does = step.does if step.does != "human" else KINDS.get(connector, "service")
    return step.model_copy(update={"binding": Binding(connector=connector, settings=settings), "does": does})


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

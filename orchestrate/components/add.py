"""`baton component add`: publishes a plan that comes with Baton, so that others can call it."""

from collections.abc import Iterator
from typing import Annotated

from home.context import Context
from home.contracts import Argument, Option, Request, Response
from home.errors import UsageError, unknown
from home.text import plain
from orchestrate.contracts import Binding, Node, Owner, Plan, Step
from orchestrate.plans.bindings import setting_of


class AddComponentRequest(Request):
    """Which component, and what is different here."""

    name: Annotated[str, Argument("NAME")]
    """Name of a component (`baton catalogue --kind component` lists them)."""
    plan: Annotated[str | None, Option(("--as",), "PLAN")] = None
    """Name of the plan; default is the component's."""
    role: str | None = None
    """Who does its steps for people."""
    set: Annotated[list[str], Option(("--set",), "KEY=VALUE")] = []
    """A setting of its connector, as in `baton bind`. Repeatable."""
    by: str | None = None
    """Who answers for it; default is the operating-system user."""


class ComponentAdded(Response):
    """The published plan."""

    plan: str
    version: int
    created: bool
    """False where the newest version has just this content."""
    takes: list[str]
    """Fields of its input."""

    def lines(self) -> Iterator[str]:
        """How a step calls it."""
        yield plain(
            f"Published {self.plan}@{self.version}." if self.created else f"{self.plan} is there already."
        )
        yield plain(
            f"A step calls it with `does: plan` and `plan: {self.plan}`; it takes {', '.join(self.takes)}."
        )


def add_component(context: Context, request: AddComponentRequest) -> ComponentAdded:
    """Publish a component as a plan of this system, with roles and settings that fit here.

    Added again with other settings it becomes a new version; steps that call it take the newest.
    """
    from orchestrate.catalogue.entries import components
    from orchestrate.plans.publish import publish_plan

    known = components()
    if request.name not in known:
        raise unknown("component", request.name, list(known), listing="baton catalogue --kind component")
    by = request.by or context.actor
    owner = Owner(name=by, confirmed=request.by is not None)
    plan = fitted(known[request.name], request).model_copy(update={"owner": owner})
    done = publish_plan(context, plan, by=by)
    return ComponentAdded(
        plan=done.plan,
        version=done.version,
        created=done.created,
        takes=sorted(plan.input.get("properties", {})),
    )


def fitted(plan: Plan, request: AddComponentRequest) -> Plan:
    """The component with the roles and settings of a request; raises `UsageError` for what it has not."""
    from orchestrate.plans.changes import rewritten

    settings = dict(setting_of(text) for text in request.set)
    touched = {"role": False, "set": False}

    def edit(node: Node) -> Node:
        if not isinstance(node, Step):
            return node
        update: dict[str, object] = {}
        if request.role is not None and node.role is not None:
            update["role"], touched["role"] = request.role, True
        if settings and node.binding is not None:
            merged = {**node.binding.settings, **settings}
            update["binding"] = Binding(connector=node.binding.connector, settings=merged)
            touched["set"] = True
        return node.model_copy(update=update) if update else node

    body = rewritten(plan.body, edit)
    if settings and not touched["set"]:
        raise UsageError(f"The component {plan.name!r} has no connector to set anything of.")
    if request.role is not None and not touched["role"]:
        raise UsageError(f"The component {plan.name!r} has no step for a person.")
    named = {"name": request.plan} if request.plan is not None else {}
    return Plan.model_validate({**plan.model_dump(), "body": body.model_dump(), **named})

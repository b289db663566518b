"""What a binding must keep before a version may have it: known settings, no secrets, contracts complete."""

import re
from typing import Any

from home.context import Context
from home.errors import Refused, UsageError
from home.settings import REFERENCE
from orchestrate.connectors.options import BadSettings, Options, read_options
from orchestrate.contracts import Binding, JsonSchema, Node, Plan, Step
from orchestrate.plans.changes import rewritten

SECRET = re.compile(r"(password|passwd|secret|token|bearer|api_?key|authorization|credential)", re.IGNORECASE)
PASSWORD_IN_URL = re.compile(r"\w[\w+.-]*://[^/@\s]*:[^/@\s]+@")
NO_SECRET = ("api_key_header", "token_url")


def settled(context: Context, plan: Plan) -> Plan:
    """`plan` with every binding checked and completed.

    Raises `BadSettings` naming the step for a setting its connector does not take, `NotFound` for a
    connector nobody has installed, and `Refused` for a secret that is not a reference.
    """

    def edit(node: Node) -> Node:
        return settled_step(context, node) if isinstance(node, Step) else node

    side = tuple(settled_step(context, step) for step in plan.side)
    return plan.model_copy(update={"body": rewritten(plan.body, edit), "side": side})


def settled_step(context: Context, step: Step) -> Step:
    """`step` with its binding and its compensation checked and completed."""
    update: dict[str, Any] = {}
    try:
        if step.compensation is not None:
            compensation, _, _ = _settled(context, step, step.compensation)
            update["compensation"] = compensation
        if step.fallback is not None:
            update["fallback"], _, _ = _settled(context, step, step.fallback)
        if step.binding is not None:
            update["binding"], given, answered = _settled(context, step, step.binding)
            update |= {"input": step.input or given, "output": step.output or answered}
    except BadSettings as error:
        raise BadSettings(f"Step {step.id!r}: {error.message}", hint=error.hint) from error
    changed = {name: value for name, value in update.items() if value != getattr(step, name)}
    return step.model_copy(update=changed) if changed else step


def _settled(context: Context, step: Step, binding: Binding) -> tuple[Binding, JsonSchema, JsonSchema]:
    """A binding, checked and completed, and the input and output contracts that come with it."""
    from orchestrate.connectors.registry import find_connector

    kind = find_connector(binding.connector)
    for name, value in binding.settings.items():
        refuse_secrets(name, value)
    read: Options = read_options(binding.connector, kind.options, binding.settings)
    if problem := read.misfit(step):
        raise BadSettings(f"The connector {binding.connector!r}: {problem}.")
    options = read.completed(context)
    new = {name for name in type(options).model_fields if getattr(options, name) != getattr(read, name)}
    settings = {**binding.settings, **options.model_dump(mode="json", include=new)}
    return binding.model_copy(update={"settings": settings}), *options.contracts()


def refuse_secrets(name: str, value: Any) -> None:
    """Plans are kept for ever and shown to many: a secret in one could never be taken back."""
    if isinstance(value, dict):
        for inner, item in value.items():
            refuse_secrets(str(inner), item)
        return
    if isinstance(value, list):
        for item in value:
            refuse_secrets(name, item)
        return
    if not isinstance(value, str):
        return
    named = SECRET.search(name) and name not in NO_SECRET and not REFERENCE.match(value)
    if named or PASSWORD_IN_URL.match(value):
        raise Refused(
            f"{name!r} holds a secret, and plans are kept for ever.",
            hint=f"Give it by reference: --set {name}=env:NAME or --set {name}=file:PATH.",
        )


def setting_of(given: str) -> tuple[str, Any]:
    """`KEY=VALUE` as typed: the value is JSON where it reads as JSON, else text. Raises `UsageError`."""
    import json

    key, equals, value = given.partition("=")
    if not key or not equals:
        raise UsageError(f"--set takes KEY=VALUE, not {given!r}.", hint="For example --set url=https://…")
    try:
        found = json.loads(value)
    except ValueError:
        found = value
    refuse_secrets(key, found)
    return key, found

"""What a step asks of a person: its task, or an entry in the manual queue, with all that is known."""

from typing import Any

from orchestrate.contracts import JsonSchema, Step
from orchestrate.core.effects import DoneTask
from orchestrate.core.events import Decided
from orchestrate.core.turn import UNDO, Token, Turn

TASKS = frozenset({"human", "manual"})
"""Connectors that are people: a step bound to one, or to none, is a task."""
RETRY, DONE, CANCEL = "retry", "done", "cancel"


def is_task(step: Step) -> bool:
    """Whether a person does this step."""
    return step.binding.connector in TASKS if step.binding is not None else not step.calls


def ask_for_step(turn: Turn, step: Step, key: str, token: Token) -> None:
    """Open the task of a person's step."""
    if step.timeout is not None and step.does in TASKS:
        # The limit of a system's attempt says nothing of the person who stands in until it is bound.
        token["timers"]["timeout"] = turn.now + step.timeout.total_seconds()
    manual = step.does == "manual" or (step.binding is not None and step.binding.connector == "manual")
    turn.ask(
        key,
        token,
        "manual" if manual else "step",
        step.outcomes,
        role=step.role,
        sla=step.sla,
        reason="the plan sends these cases to a person" if manual else "",
        context=context_of(turn, step, token),
    )


def context_of(turn: Turn, step: Step, token: Token) -> dict[str, Any]:
    """What whoever does a step is shown."""
    view = turn.view(step.id)
    found = {
        "purpose": step.purpose,
        "instructions": step.instructions,
        "system": step.system,
        "data": _data(turn, step, token),
        "outcomes": view["outcome"],
        "form": step.output,
        "links": step.links,
        "shares": _shares(step),
    }
    return {name: value for name, value in found.items() if value}


def _shares(step: Step) -> dict[str, float]:
    """How often each outcome came in the log."""
    seen = step.observed.outputs.get("outcome", {}) if step.observed else {}
    return {name: seen[name] for name in step.outcomes if name in seen}


def open_side_task(turn: Turn, step: Step) -> None:
    """Offer a floating activity; it may be done as often as it is needed, and nobody waits for it."""
    token = turn.open[step.id] = {"visit": turn.visit(step.id), "enabled": turn.now, "timers": {}}
    context = context_of(turn, step, token)
    turn.ask(step.id, token, "side", step.outcomes, role=step.role, context=context)


def step_input(turn: Turn, step: Step, token: Token) -> dict[str, Any]:
    """What a step is given: the fields its input contract names, or everything where it names none."""
    return chosen(step.input, _data(turn, step, token))


def chosen(contract: JsonSchema, data: dict[str, Any]) -> dict[str, Any]:
    """The fields of `data` that a contract names, or all of them where it names none."""
    named = contract.get("properties")
    return {k: data[k] for k in named if k in data} if named else dict(data)


def _data(turn: Turn, step: Step, token: Token) -> dict[str, Any]:
    """The data that a step sees: the run's, and its own item of a list."""
    data = turn.view(step.id)["data"]
    return data | {step.each.item: token["item"]} if step.each and "item" in token else data


def to_manual(turn: Turn, key: str, token: Token, reason: str, role: str | None = None) -> None:
    """Put a step that cannot go on by itself into the manual queue, with everything known about it."""
    step = turn.index.step(token.get("node", key))
    token["stuck"] = True
    for what in ("retry", "timeout", "deadline"):
        token["timers"].pop(what, None)
    if key == UNDO:
        outcomes, context = [DONE, RETRY], {"undo": step.name, "output": token["output"]}
        reason = f"undoing {step.name!r} {reason}"
    else:
        outcomes = [*(step.outcomes or (DONE,)), RETRY, CANCEL]
        context = context_of(turn, step, token)
    turn.alert("manual", step.id, token["visit"], reason)
    context["errors"] = token.get("errors", [])
    turn.ask(key, token, "manual", dict.fromkeys(outcomes), role=role, reason=reason, context=context)


def done_task(node: str, token: Token, event: Decided) -> DoneTask:
    """A token's task, settled by what was decided."""
    task = token["task"]["id"]
    return DoneTask(task, node, token["visit"], event.outcome, event.by, event.note, event.output)

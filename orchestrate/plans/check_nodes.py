"""What can be wrong with a single node of a plan: its contracts, limits, rules and references."""

from collections.abc import Iterator
from typing import Any

from orchestrate.contracts import Choice, Loop, Node, Parallel, Sequence, Step, deciders
from orchestrate.core.rules import RuleError, compile_rule
from orchestrate.plans.check_calls import step_problems


def node_problems(node: Node, steps: dict[str, Step]) -> Iterator[str]:
    """What is wrong with one node; `steps` are those of the body by id."""
    match node:
        case Step():
            yield from _step_problems(node)
            yield from _people_problems(node, steps)
        case Choice():
            yield from _choice_problems(node, steps)
        case Loop():
            yield from _loop_problems(node, steps)
        case Sequence() | Parallel() if not node.children:
            yield f"a {node.kind} needs at least one child"


def _step_problems(step: Step) -> Iterator[str]:
    for name in ("input", "output"):
        yield from schema_problems(name, getattr(step, name))
    if step.sla and step.sla.remind is not None and step.sla.remind >= step.sla.due:
        yield "the reminder comes after the task is due"
    if step.sla and step.sla.due.total_seconds() <= 0:
        yield "the SLA is no time at all"
    if step.timeout is not None and step.timeout.total_seconds() <= 0:
        yield "the timeout is no time at all"
    yield from step_problems(step)
    if len(set(step.outcomes)) < len(step.outcomes):
        yield "an outcome is named twice"


def _people_problems(step: Step, steps: dict[str, Step]) -> Iterator[str]:
    """What is wrong with how a step finds its person."""
    if step.assign and step.assign.by == "skill" and not step.assign.skill:
        yield "it is assigned by skill and names no `skill`"
    for other in step.four_eyes.steps if step.four_eyes else ():
        if other not in steps:
            yield f"`four_eyes` names {other!r}, which is no step"
        elif other == step.id:
            yield "`four_eyes` names the step itself"
    for name, address in step.links.items():
        if not address.startswith(("https://", "http://")):
            yield f"the link {name!r} does not begin with https:// or http://"


def _choice_problems(choice: Choice, steps: dict[str, Step]) -> Iterator[str]:
    names = [branch.name for branch in choice.branches]
    if len(names) < 2:
        yield "a choice needs at least two branches"
    if len(set(names)) < len(names):
        yield "two branches have one name"
    if choice.otherwise is not None and choice.otherwise not in names:
        yield f"`otherwise` names {choice.otherwise!r}, which is no branch"
    if choice.by in ("rule", "history"):
        rules = [branch.when for branch in choice.branches if branch.when]
        if not rules:
            yield f"a choice by {choice.by} needs a branch with `when`"
        for rule in rules:
            yield from _rule_problems(rule)
    if choice.by == "outcome":
        yield from _outcome_problems(choice, [branch.words for branch in choice.branches], steps)


def _loop_problems(loop: Loop, steps: dict[str, Step]) -> Iterator[str]:
    if loop.by in ("rule", "history"):
        if loop.again:
            yield from _rule_problems(loop.again)
        else:
            yield f"a loop by {loop.by} needs `again`"
    if loop.by == "outcome":
        if not loop.again_outcomes:
            yield "a loop by outcome needs `again_outcomes`"
        yield from _outcome_problems(loop, [(word,) for word in loop.again_outcomes], steps)
    if loop.by == "default" and loop.share_again >= 0.5:
        yield "a loop that goes round by default ends only in the manual queue"


def _outcome_problems(
    node: Choice | Loop, ways: list[tuple[str, ...]], steps: dict[str, Step]
) -> Iterator[str]:
    of = deciders(node)
    unknown = ", ".join(repr(step) for step in of if step not in steps)
    if unknown or not of:
        yield f"it goes by the outcome of {unknown or None}, which is no step"
        return
    known = {word for step in of for word in steps[step].outcomes}
    missing = [word for words in ways if not known.intersection(words) for word in words]
    if missing:
        yield f"{', '.join(map(repr, missing))} is no outcome of {' or '.join(map(repr, of))}"


def _rule_problems(rule: str) -> Iterator[str]:
    try:
        compile_rule(rule)
    except RuleError as error:
        yield error.message.rstrip(".")


def schema_problems(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a contract."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield f"`{name}` is no JSON schema: {error.message}"
    if any(not ref.startswith("#") for ref in _references(schema)):
        yield f"`{name}` refers to a schema elsewhere, which is never fetched"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)

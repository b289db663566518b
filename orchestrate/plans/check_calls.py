"""What can be wrong with steps that call plans, work through lists, or have deadlines."""

from collections.abc import Callable, Iterator

from home.errors import NotFound
from orchestrate.contracts import Node, Plan, Step

Published = Callable[[str, int | None], Plan]
"""From a plan's name and a version (`None`: the newest) to that version; raises `NotFound`."""


def step_problems(step: Step) -> Iterator[str]:
    """What is wrong with the fields of one step."""
    if step.does == "plan" and not step.plan:
        yield "a sub-plan step must name its `plan`"
    if step.does != "plan" and (step.plan or step.version):
        yield f"it names a plan, and does: {step.does} never calls one"
    if step.deadline is not None and step.deadline.total_seconds() <= 0:
        yield "the deadline is no time at all"
    if step.each is not None:
        yield from _each_problems(step)


def _each_problems(step: Step) -> Iterator[str]:
    each = step.each
    assert each is not None  # noqa: S101 - the caller looked
    if not each.of or not each.item:
        yield "`each` must name the field that holds the list, and the field for an item"
    elif each.of == each.item:
        yield f"`each` calls the item {each.item!r} like the list it is from"
    if each.of == (each.into or step.id):
        yield f"the results would take the place of the list {each.of!r}: say another field in `into`"
    named = step.input.get("properties")
    if named and each.item not in named:
        yield f"its input contract leaves out {each.item!r}, the item it is done for"


def plan_problems(plan: Plan, steps: list[Step]) -> Iterator[tuple[str, str]]:
    """What is wrong between the steps of a plan: `(id of the step or `plan`, what)`."""
    if plan.deadline is not None and plan.deadline.total_seconds() <= 0:
        yield "plan", "the deadline is no time at all"
    fields = plan.input.get("properties", {})
    written = {name for step in steps for name in step.output.get("properties", {})}
    for step in steps:
        if step.each is not None and step.each.of not in written:
            known = fields.get(step.each.of)
            kind = known.get("type", "array") if isinstance(known, dict) else "array"
            if "array" not in kind:
                yield step.id, f"`each` works through {step.each.of!r}, which the plan's input says is {kind}"
    for step in plan.side:
        if step.each is not None or step.calls:
            yield step.id, "a step beside the body is a task for people: it calls no plan and has no `each`"


def call_problems(plan: Plan, published: Published) -> Iterator[tuple[str, str]]:
    """Plans that are called and do not exist, and circles of calls, each named: `(id of the step, what)`."""
    for step in _calls(plan):
        way = [plan.name]
        try:
            circle = _circle(plan, step, way, published)
        except NotFound as error:
            via = f"{' → '.join(way)}: " if len(way) > 1 else ""
            yield step.id, f"{via}{error.message.rstrip('.')}"
        else:
            if circle:
                yield step.id, f"the plan would call itself: {' → '.join(circle)}"


def _circle(plan: Plan, step: Step, way: list[str], published: Published) -> list[str]:
    """The way from `plan` back to itself through this call, or nothing."""
    name = step.plan or ""
    if name == plan.name and step.version is None:
        return [*way, name]
    label = name if step.version is None else f"{name}@{step.version}"
    if label in way:  # a circle that does not go through this plan: not its own problem
        return []
    called = published(name, step.version)
    way.append(label)
    for inner in _calls(called):
        found = _circle(plan, inner, way, published)
        if found:
            return found
    way.pop()
    return []


def _calls(plan: Plan) -> list[Step]:
    from orchestrate.plans.check import nodes

    found: Iterator[Node] = nodes(plan.body)
    return [node for node in found if isinstance(node, Step) and node.calls]

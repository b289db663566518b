"""Whether a plan can be run: ids, references, rules, contracts, and that it stays as simple as today."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from home.context import Context
from home.contracts import Argument, Contract, InputFile, Request, Response
from home.errors import Refused
from orchestrate.contracts import Choice, Loop, Node, Parallel, Plan, Sequence, Skip, Step, deciders
from orchestrate.rules import RuleError, compile_rule

SYSTEMS = ("service", "script", "model", "notify", "publish")
GROWTH = 1.25
"""Size and control-flow complexity may be at most this much of what they are today."""


class Remark(Contract):
    """Something to look at in a plan."""

    where: str
    """Id of the node, or `plan`."""
    message: str


class Checked(Response):
    """What is wrong with a plan, and what its owner should know."""

    plan: str
    gate: Literal["pass", "fail"]
    reasons: tuple[str, ...]
    """The problems as sentences."""
    problems: tuple[Remark, ...]
    """Each of these keeps the plan from being published."""
    warnings: tuple[Remark, ...]
    steps: int
    size: int
    """Steps and operators."""
    cfc: int
    """Control-flow complexity."""
    coverage: float | None = None
    """Share of the log's cases that the tree accepts exactly."""
    cases: int | None = None
    """This and what follows is for `backtest` to say: a check replays no history."""
    agreement: float | None = None
    manual_share: float | None = None
    cycle_s: None = None
    top_deviations: tuple[()] = ()

    def lines(self) -> Iterator[str]:
        """One line per remark."""
        from home.text import plain

        counts = f"{self.steps} steps, size {self.size}, control-flow complexity {self.cfc}"
        yield plain(f"{self.plan}: {'sound' if self.gate == 'pass' else 'refused'} ({counts})")
        for kind, remarks in (("problem", self.problems), ("note", self.warnings)):
            for remark in remarks:
                yield plain(f"  {kind} in {remark.where}: {remark.message}")


class PlanRefused(Refused):
    """A plan has problems; `report` lists them."""

    def __init__(self, report: Checked) -> None:
        first = report.problems[0]
        more = f" ({len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
        super().__init__(
            f"Plan {report.plan!r} cannot be run: {first.where}: {first.message}{more}.",
            hint="`baton check FILE` lists every problem.",
        )
        self.report = report


class CheckRequest(Request):
    """Which plan to check."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""


def check(context: Context, request: CheckRequest) -> Checked:  # noqa: ARG001
    """Read a plan file strictly and say what is wrong with it; exit code 1 where something is."""
    from orchestrate.plan_file import read_plan

    found = check_plan(read_plan(request.file))
    if found.problems:
        raise PlanRefused(found)
    return found


def check_plan(plan: Plan) -> Checked:
    """Every problem of a plan, and what its owner should know."""
    problems = [*_identity(plan), *_bounds(plan)]
    steps = {node.id: node for node in nodes(plan.body) if isinstance(node, Step)}
    for node in (*nodes(plan.body), *plan.side):
        problems.extend(Remark(where=node.id, message=message) for message in _node_problems(node, steps))
    for name, schema in (("input", plan.input),):
        problems.extend(Remark(where="plan", message=message) for message in _schema_problems(name, schema))
    return Checked(
        plan=plan.name,
        gate="fail" if problems else "pass",
        reasons=tuple(f"{p.where}: {p.message}" for p in problems),
        problems=tuple(problems),
        warnings=tuple(_warnings(plan)),
        steps=len(steps) + len(plan.side),
        size=size(plan.body),
        cfc=complexity(plan.body),
        coverage=plan.provenance.coverage if plan.provenance else None,
    )


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node, in order."""
    match node:
        case Sequence() | Parallel():
            return node.children
        case Choice():
            return tuple(branch.body for branch in node.branches)
        case Loop():
            return (node.body, node.redo)
    return ()


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it, parents first."""
    yield node
    for child in children(node):
        yield from nodes(child)


def size(node: Node) -> int:
    """Steps and operators; empty branches do not count."""
    return sum(not isinstance(n, Skip) for n in nodes(node))


def complexity(node: Node) -> int:
    """Cardoso's control-flow complexity (2005), as for process trees."""
    return sum(
        len(n.branches) if isinstance(n, Choice) else 1 if isinstance(n, Parallel) else 2
        for n in nodes(node)
        if isinstance(n, Choice | Parallel | Loop)
    )


def _identity(plan: Plan) -> Iterator[Remark]:
    counted = Counter(node.id for node in (*nodes(plan.body), *plan.side))
    for identity, times in counted.items():
        if times > 1:
            yield Remark(where=identity, message=f"the id {identity!r} is used {times} times")
        if not identity or identity.startswith("!"):
            yield Remark(where=identity or "plan", message="an id must not be empty nor begin with '!'")
    if not plan.owner.name.strip():
        yield Remark(where="plan", message="the plan has no owner")


def _bounds(plan: Plan) -> Iterator[Remark]:
    if plan.as_is is None:
        return
    for what, measure in (("size", size), ("control-flow complexity", complexity)):
        before, after = measure(plan.as_is), measure(plan.body)
        if after > max(before * GROWTH, before + 2):
            yield Remark(where="plan", message=f"its {what} is {after}, over 25 % more than today's {before}")


def _node_problems(node: Node, steps: dict[str, Step]) -> Iterator[str]:
    match node:
        case Step():
            yield from _step_problems(node)
        case Choice():
            yield from _choice_problems(node, steps)
        case Loop():
            yield from _loop_problems(node, steps)
        case Sequence() | Parallel() if not node.children:
            yield f"a {node.kind} needs at least one child"


def _step_problems(step: Step) -> Iterator[str]:
    for name in ("input", "output"):
        yield from _schema_problems(name, getattr(step, name))
    if step.sla and step.sla.remind is not None and step.sla.remind >= step.sla.due:
        yield "the reminder comes after the task is due"
    if step.sla and step.sla.due.total_seconds() <= 0:
        yield "the SLA is no time at all"
    if step.timeout is not None and step.timeout.total_seconds() <= 0:
        yield "the timeout is no time at all"
    if step.does == "plan" and not step.plan:
        yield "a sub-plan step must name its `plan`"
    if len(set(step.outcomes)) < len(step.outcomes):
        yield "an outcome is named twice"


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


def _schema_problems(name: str, schema: dict[str, Any]) -> Iterator[str]:
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


def _warnings(plan: Plan) -> Iterator[Remark]:
    if not plan.owner.confirmed:
        yield Remark(where="plan", message=f"nobody has confirmed that {plan.owner.name!r} owns it")
    unbound = [n for n in nodes(plan.body) if isinstance(n, Step) and n.does in SYSTEMS and n.binding is None]
    if unbound:
        names = ", ".join(step.id for step in unbound[:5])
        yield Remark(
            where="plan",
            message=f"steps of systems that are tasks for people until bound ({len(unbound)}): {names}",
        )
    anybody = [
        node.id
        for node in nodes(plan.body)
        if isinstance(node, Step) and node.does == "human" and node.sla is None and not node.role
    ]
    if anybody:
        message = f"no role does them, and nothing is due: {plan.manual_role!r} gets {', '.join(anybody[:5])}"
        yield Remark(where="plan", message=message + (f" and {len(anybody) - 5} more" * (len(anybody) > 5)))
    for node in nodes(plan.body):
        if isinstance(node, Choice) and node.by in ("person", "event") and not node.question:
            yield Remark(where=node.id, message="a person decides, and is asked nothing")

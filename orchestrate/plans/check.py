"""Whether a plan can be run: ids, references, rules, contracts, and that it stays as simple as today."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from home.context import Context
from home.contracts import Argument, Contract, InputFile, Request, Response
from home.errors import Refused
from orchestrate.contracts import Choice, Loop, Node, Parallel, Plan, Sequence, Skip, Step
from orchestrate.plans.check_calls import call_problems, plan_problems
from orchestrate.plans.check_nodes import node_problems, schema_problems

if TYPE_CHECKING:
    from home.database import Database

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


def check(context: Context, request: CheckRequest) -> Checked:
    """Read a plan file strictly and say what is wrong with it; exit code 1 where something is.

    Plans that it calls are looked for among the published ones.
    """
    from orchestrate.plans.plan_file import read_plan

    found = check_plan(read_plan(request.file), lambda: context.state)
    if found.problems:
        raise PlanRefused(found)
    return found


def check_plan(plan: Plan, state: "Callable[[], Database] | None" = None) -> Checked:
    """Every problem of a plan, and what its owner should know.

    Without `state`, the store of published plans, the plans that it calls are taken on trust.
    """
    problems = [*_identity(plan), *_bounds(plan)]
    steps = {node.id: node for node in nodes(plan.body) if isinstance(node, Step)}
    for node in (*nodes(plan.body), *plan.side):
        problems.extend(Remark(where=node.id, message=message) for message in node_problems(node, steps))
    problems.extend(Remark(where="plan", message=m) for m in schema_problems("input", plan.input))
    found = [*plan_problems(plan, list(steps.values())), *_call_problems(plan, steps, state)]
    problems.extend(Remark(where=where, message=message) for where, message in found)
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


def _call_problems(
    plan: Plan, steps: dict[str, Step], state: "Callable[[], Database] | None"
) -> list[tuple[str, str]]:
    if state is None or not any(step.calls for step in steps.values()):
        return []
    from orchestrate.plans.versions import find_version

    store = state()
    return list(call_problems(plan, lambda name, version: find_version(store, name, version).plan))


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

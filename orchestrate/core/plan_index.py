"""A plan made ready to be run: its nodes by id, their parents, compiled rules and output contracts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from home.errors import Refused
from orchestrate.contracts import Choice, JsonSchema, Loop, Node, Parallel, Plan, Sequence, Step

Rule = Callable[[Mapping[str, Any]], bool]
CompileRule = Callable[[str], Rule]


class PlanIndex:
    """One version of a plan, immutable. Raises `Refused` for two nodes of one id or a bad contract."""

    def __init__(self, plan: Plan, compile_rule: CompileRule) -> None:
        self.plan = plan
        self.nodes: dict[str, Node] = {}
        self.parent: dict[str, str | None] = {}
        self.lanes: dict[str, tuple[tuple[str, str], ...]] = {}
        """For each node, the `(parallel, its child)` pairs it lies in, outermost first."""
        self._add(plan.body, None, ())
        self.side = {step.id: step for step in plan.side}
        """Floating activities by id."""
        for step in plan.side:
            self._put(step, None, ())
        self.compensates = any(step.compensation is not None for step in self.steps())
        """Whether anything in it can be undone."""
        self.rules: Mapping[str, Rule] = {text: compile_rule(text) for text in set(_rules(self.nodes))}
        self._contracts = {
            (step.id, side): _validator(step, side)
            for step in self.steps()
            for side in ("input", "output")
            if getattr(step, side)
        }

    def _put(self, node: Node, parent: str | None, lanes: tuple[tuple[str, str], ...]) -> None:
        if node.id in self.nodes or node.id.startswith("!"):
            problem = "is used twice" if node.id in self.nodes else "begins with '!'"
            raise Refused(
                f"Plan {self.plan.name!r}: the id {node.id!r} {problem}.", hint="Give every node its own id."
            )
        self.nodes[node.id], self.parent[node.id], self.lanes[node.id] = node, parent, lanes

    def _add(self, node: Node, parent: str | None, lanes: tuple[tuple[str, str], ...]) -> None:
        self._put(node, parent, lanes)
        for child in children(node):
            inner = (*lanes, (node.id, child.id)) if isinstance(node, Parallel) else lanes
            self._add(child, node.id, inner)

    def steps(self) -> Iterator[Step]:
        """Every step in the order of the plan, side steps last."""
        return (node for node in self.nodes.values() if isinstance(node, Step))

    def step(self, node: str) -> Step:
        """The step of that id; the caller knows that it is one."""
        found = self.nodes[node]
        assert isinstance(found, Step)  # noqa: S101 - tokens with a phase belong to steps only
        return found

    def path(self, node: str) -> tuple[str, ...]:
        """The ids from the whole plan down to a node."""
        found: list[str] = []
        at: str | None = node
        while at is not None:
            found.append(at)
            at = self.parent[at]
        return tuple(reversed(found))

    def breach(self, node: str, side: str, value: Mapping[str, Any]) -> str | None:
        """What is wrong with a step's `input` or `output`, or `None`."""
        validator = self._contracts.get((node, side))
        return None if validator is None else explain(validator, value)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node, in order."""
    if isinstance(node, Sequence | Parallel):
        return node.children
    if isinstance(node, Choice):
        return tuple(branch.body for branch in node.branches)
    return (node.body, node.redo) if isinstance(node, Loop) else ()


def explain(validator: Draft202012Validator, value: Mapping[str, Any]) -> str | None:
    """The most telling breach of a schema as one sentence, or `None`."""
    error = best_match(validator.iter_errors(value))
    if error is None:
        return None
    where = ".".join(map(str, error.absolute_path))
    return f"{where}: {error.message}" if where else error.message


def breach(schema: JsonSchema, value: Mapping[str, Any]) -> str | None:
    """What of `value` breaks `schema`, or `None`; for callers outside a run."""
    return explain(Draft202012Validator(schema), value) if schema else None


def _validator(step: Step, side: str) -> Draft202012Validator:
    schema = getattr(step, side)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Refused(f"Step {step.id!r}: its {side} contract is no JSON schema: {error.message}.") from error
    return Draft202012Validator(schema)


def _rules(nodes: Mapping[str, Node]) -> Iterator[str]:
    for node in nodes.values():
        if isinstance(node, Choice):
            yield from (branch.when for branch in node.branches if branch.when)
        elif isinstance(node, Loop) and node.again:
            yield node.again

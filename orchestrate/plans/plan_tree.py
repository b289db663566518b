"""A plan as a process tree again, so that history can be replayed on it."""

from collections.abc import Collection
from dataclasses import dataclass

from mining.outcomes import outcome_of
from mining.replay import Path
from mining.tree import SILENT, Tree, leaf
from orchestrate.contracts import Choice, Loop, Node, Parallel, Plan, Sequence, Step
from orchestrate.plans.changes import find_node, steps
from orchestrate.plans.check import nodes


@dataclass(frozen=True)
class PlanTree:
    """The tree of a plan, and the way back to its nodes."""

    tree: Tree
    node_of: dict[Path, Node]
    by_hand: frozenset[Path]
    """Branches that go to the manual queue; below them the tree is that of the as-is."""


def plan_tree(plan: Plan, seen: Collection[str] = ()) -> PlanTree:
    """The tree of a plan's body, node for node, its leaves called like the activities of the log.

    A branch that a move sent to the manual queue is expanded to what the as-is tree has there, so
    that history can be replayed through it. A step that was added by hand is silent, unless the log
    has `seen` it: then it is one that the plan itself made.
    """
    node_of: dict[Path, Node] = {}
    by_hand: set[Path] = set()

    def convert(node: Node, path: Path) -> Tree:
        node_of[path] = node
        match node:
            case Step():
                return SILENT if node.off_system and node.name not in seen else leaf(node.name)
            case Sequence():
                return Tree("sequence", _all(node.children, path))
            case Parallel():
                return Tree("parallel", _all(node.children, path))
            case Loop():
                return Tree("loop", _all((node.body, node.redo), path))
            case Choice():
                return Tree("choice", tuple(branch(node, i, path) for i in range(len(node.branches))))
        return SILENT

    def _all(children: tuple[Node, ...], path: Path) -> tuple[Tree, ...]:
        return tuple(convert(child, (*path, i)) for i, child in enumerate(children))

    def branch(choice: Choice, number: int, path: Path) -> Tree:
        body = choice.branches[number].body
        if isinstance(body, Step) and body.does == "manual" and plan.as_is is not None:
            before = find_node(plan.as_is, choice.id)
            if isinstance(before, Choice) and number < len(before.branches):
                by_hand.add((*path, number))
                body = before.branches[number].body
        return convert(body, (*path, number))

    return PlanTree(convert(plan.body, ()), node_of, frozenset(by_hand))


class Names:
    """How a plan calls what its log calls otherwise: decisions were merged from their outcomes."""

    def __init__(self, plan: Plan) -> None:
        trees = [plan.body] if plan.as_is is None else [plan.body, plan.as_is]
        found = [step for tree in trees for step in steps(tree)]
        self.side = frozenset(step.name for step in plan.side)
        self.own = frozenset(step.name for step in found if step.does != "manual") | self.side
        self._outcomes = {step.name: frozenset(step.outcomes) for step in found if step.outcomes}

    def known(self, activity: str) -> tuple[str, str | None]:
        """What the plan calls an activity, and the outcome it stands for."""
        if activity not in self.own:
            found = outcome_of(activity)
            if found is not None and found[1] in self._outcomes.get(found[0], ()):
                return found
        return activity, None

    def of_part(self, activities: list[str]) -> tuple[str, ...]:
        """Those of the activities that a plan of a part of the process is about."""
        return tuple(activity for activity in activities if self.known(activity)[0] in self.own)


def made_parallel(plan: Plan) -> frozenset[str]:
    """Activities that are done at once in the plan, and one after the other today."""
    if plan.as_is is None:
        return frozenset()
    today = {step.name for node in nodes(plan.as_is) if isinstance(node, Parallel) for step in steps(node)}
    soon = {step.name for node in nodes(plan.body) if isinstance(node, Parallel) for step in steps(node)}
    return frozenset(soon - today)


def serial_today(plan: Plan) -> frozenset[str]:
    """Ids of parallel blocks of the plan that do not exist in the as-is tree, or are sequences there."""
    if plan.as_is is None:
        return frozenset()
    today = {node.id for node in nodes(plan.as_is) if isinstance(node, Parallel)}
    return frozenset(node.id for node in nodes(plan.body) if isinstance(node, Parallel)) - today

"""What may come right before and right after each node of a plan, so that a place on a path can be found."""

from dataclasses import dataclass

from orchestrate.contracts import Choice, Loop, Node, Parallel, Sequence, Skip, Step

Ids = frozenset[str]
EDGE: Ids = frozenset({""})
"""The beginning or the end of the plan."""


@dataclass(frozen=True)
class Around:
    """Ids of the steps that may end right before a node begins, and begin right after it ends."""

    before: Ids
    after: Ids


def neighbours(body: Node) -> dict[str, Around]:
    """By node id, what is around it; "" stands for the beginning and the end of the plan.

    Lanes of a parallel block are told apart: what comes after a lane is what comes after the block.
    Steps that were added by hand are passed through, so that several can be added in one place.
    """
    found: dict[str, Around] = {}

    def walk(node: Node, before: Ids, after: Ids) -> None:
        found[node.id] = Around(before, after)
        match node:
            case Sequence():
                ahead = [after]
                for child in reversed(node.children[1:]):
                    ahead.append(first(child, ahead[-1]))
                for child, following in zip(node.children, reversed(ahead), strict=True):
                    walk(child, before, following)
                    before = last(child, before)
            case Parallel():
                for child in node.children:
                    walk(child, before, after)
            case Choice():
                for branch in node.branches:
                    walk(branch.body, before, after)
            case Loop():
                again = first(node.redo, first(node.body, after))
                walk(node.body, before | last(node.redo, last(node.body, before)), after | again)
                walk(node.redo, last(node.body, before), first(node.body, after))

    walk(body, EDGE, EDGE)
    return found


def first(node: Node, after: Ids) -> Ids:
    """The steps that may begin first where `node` and then `after` comes."""
    return _edge(node, after, forward=True)


def last(node: Node, before: Ids) -> Ids:
    """The steps that may end last where `before` and then `node` came."""
    return _edge(node, before, forward=False)


def _edge(node: Node, beyond: Ids, *, forward: bool) -> Ids:
    match node:
        case Step():
            return beyond if node.off_system else frozenset({node.id})
        case Skip():
            return beyond
        case Sequence():
            for child in reversed(node.children) if forward else node.children:
                beyond = _edge(child, beyond, forward=forward)
            return beyond
        case Parallel():
            inner = [_edge(child, frozenset(), forward=forward) for child in node.children]
            return frozenset().union(*inner) | (beyond if not all(inner) or not inner else frozenset())
        case Choice():
            return frozenset().union(*(_edge(b.body, beyond, forward=forward) for b in node.branches))
        case Loop():
            return _edge(node.body, beyond, forward=forward)

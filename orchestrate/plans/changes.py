"""Edits of a plan's tree: how moves are made, and made again without one that was rejected."""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import TypeAdapter

from home.errors import Refused
from orchestrate.contracts import Branch, Change, Choice, Loop, Node, Parallel, Plan, Sequence, Step

_NODE: TypeAdapter[Node] = TypeAdapter(Node)


def changed(node: Node, changes: Iterable[Change]) -> Node:
    """The tree after these edits, in order. Raises `Refused` where one does not fit the tree."""
    for change in changes:
        node = _one(node, change)
    return node


def with_moves(plan: Plan, accepted: Iterable[str]) -> Plan:
    """The plan with just these of its moves, by id, made on its as-is tree.

    Edits that people made to the file by hand are not moves and are lost. Raises `Refused` for a
    plan without an as-is tree and for moves it does not have.
    """
    wanted = set(accepted)
    unknown = wanted - {move.id for move in plan.moves}
    if plan.as_is is None or unknown:
        what = f"no move {', '.join(sorted(unknown))}" if unknown else "no as-is tree to start from"
        raise Refused(f"Plan {plan.name!r} has {what}.", hint="`baton plan CANDIDATE -o FILE` makes it anew.")
    moves = tuple(move.model_copy(update={"accepted": move.id in wanted}) for move in plan.moves)
    from orchestrate.redesign.spoken import say_next

    body = changed(plan.as_is, (change for move in moves if move.accepted for change in move.changes))
    body = say_next(body)
    return plan.model_copy(update={"body": body, "moves": moves})


def rewritten(node: Node, edit: Callable[[Node], Node]) -> Node:
    """The tree with `edit` applied to every node, children first."""
    match node:
        case Sequence() | Parallel():
            children = tuple(rewritten(child, edit) for child in node.children)
            return edit(node.model_copy(update={"children": children}))
        case Choice():
            return edit(
                node.model_copy(update={"branches": tuple(_rewritten_branch(b, edit) for b in node.branches)})
            )
        case Loop():
            parts = {"body": rewritten(node.body, edit), "redo": rewritten(node.redo, edit)}
            return edit(node.model_copy(update=parts))
    return edit(node)


def _rewritten_branch(branch: Branch, edit: Callable[[Node], Node]) -> Branch:
    return branch.model_copy(update={"body": rewritten(branch.body, edit)})


def _one(tree: Node, change: Change) -> Node:
    if change.insert is not None:
        return _inserted(tree, change.node, change.insert, change.at)
    found: list[Node] = []

    def edit(node: Node) -> Node:
        if node.id != change.node:
            return node
        found.append(node)
        if change.parallel:
            node = _made_parallel(node, change.parallel)
        return _with_fields(node, change.set) if change.set else node

    edited = rewritten(tree, edit)
    if not found:
        raise Refused(f"A move changes {change.node!r}, which the plan does not have.")
    return edited


def _inserted(tree: Node, beside: str, step: Step, at: str) -> Node:
    """The tree with a step after, before or instead of a node; as it was where the node is gone."""
    together = f"{beside}.with-{step.id}"

    def edit(node: Node) -> Node:
        if node.id == beside:
            if at == "instead":
                return step
            return Sequence(id=together, children=(node, step) if at == "after" else (step, node))
        if isinstance(node, Sequence):
            parts = [c.children if c.id == together else (c,) for c in node.children]  # type: ignore[union-attr]
            return node.model_copy(update={"children": tuple(child for part in parts for child in part)})
        return node

    return rewritten(tree, edit)


def _with_fields(node: Node, fields: dict[str, Any]) -> Node:
    values = node.model_dump(mode="json")
    for name, value in fields.items():
        if name == "branches" and isinstance(value, dict):
            values["branches"] = [branch | value.get(branch["name"], {}) for branch in values["branches"]]
        else:
            values[name] = value
    return _NODE.validate_python(values)


def _made_parallel(node: Node, ids: tuple[str, ...]) -> Node:
    names = [child.id for child in node.children] if isinstance(node, Sequence) else []
    at = names.index(ids[0]) if ids[0] in names else -1
    if at < 0 or tuple(names[at : at + len(ids)]) != ids or not isinstance(node, Sequence):
        raise Refused(f"{', '.join(ids)} are not neighbours in the sequence {node.id!r}.")
    together = Parallel(id=f"{node.id}.together-{at + 1}", children=node.children[at : at + len(ids)])
    if len(ids) == len(names):
        # The sequence itself becomes parallel and keeps its id.
        return Parallel(id=node.id, children=node.children)
    children = (*node.children[:at], together, *node.children[at + len(ids) :])
    return node.model_copy(update={"children": children})


def find_node(tree: Node, identity: str) -> Node | None:
    """The node with this id."""
    from orchestrate.plans.check import nodes

    return next((node for node in nodes(tree) if node.id == identity), None)


def steps(tree: Node) -> list[Step]:
    """Every step of a tree, in order."""
    from orchestrate.plans.check import nodes

    return [node for node in nodes(tree) if isinstance(node, Step)]

"""Going back: a node of the path is done again, with all that comes after it."""

from itertools import pairwise

from orchestrate.contracts import Choice, Loop, Node, Parallel, Sequence, Skip
from orchestrate.core.events import GoBack
from orchestrate.core.turn import DEADLINE, UNDO, Misfit, Turn
from orchestrate.core.undo import drop, next_undo


def go_back(turn: Turn, event: GoBack) -> None:
    """Leave everything behind a node, undo it where that is asked, and enter the node again.

    What lies in other lanes of a parallel block goes on. Raises `Misfit` where the tree does not allow
    it: a node that was not reached, one inside a block that has ended and cannot be half-open again.
    """
    node = turn.index.nodes.get(event.node)
    if turn.ending or "back" in turn.state:
        doing = (
            "is being cancelled" if turn.ending else f"goes back to {turn.state['back']['node']!r} already"
        )
        raise Misfit(f"the run {doing}")
    if node is None or isinstance(node, Skip) or event.node in turn.index.side:
        raise Misfit(f"{event.node!r} is no step or block on the way")
    chain = turn.index.path(event.node)
    for parent, child in pairwise(chain):
        _open_at(turn, turn.index.nodes[parent], child)
    for key in [key for key, token in turn.open.items() if not _stays(turn, token.get("node", key), chain)]:
        turn.tell(turn.open[key], "cancel", undo=True, by=event.by, reason=event.reason)
        drop(turn, key)
    turn.scope(event.node)["data"].update(event.data)
    undo = _taken_out(turn, event.node, chain) if event.undo else []
    turn.state["back"] = {"node": event.node, "undo": undo}
    next_undo(turn)


def _stays(turn: Turn, node: str, chain: tuple[str, ...]) -> bool:
    """Whether a node is around the one that is gone back to, or in another lane beside it."""
    if node in (DEADLINE, UNDO) or node in turn.index.side or node in chain[:-1]:
        return True
    others = turn.index.path(node)
    common = [one for one, other in zip(chain, others, strict=False) if one == other][-1]
    return common != chain[-1] and isinstance(turn.index.nodes[common], Parallel)


def _taken_out(turn: Turn, node: str, chain: tuple[str, ...]) -> list[dict[str, object]]:
    """What is to be undone: done since the node was last entered, and not in another lane."""
    entries, marks = turn.state["undo"], turn.state.get("marks", {})
    if entries and node not in marks:
        raise Misfit(f"what was done since {node!r} is not known for this run; go back without undoing")
    mark = marks.get(node, 0)
    out = [n for n, entry in enumerate(entries) if n >= mark and not _stays(turn, entry["node"], chain)]
    turn.state["undo"] = [entry for n, entry in enumerate(entries) if n not in out]
    turn.state["marks"] = {name: at - sum(n < at for n in out) for name, at in marks.items()}
    return [entries[n] for n in out]


def _open_at(turn: Turn, parent: Node, child: str) -> None:
    """Make a block on the way open again, at `child`."""
    token = turn.open.get(parent.id)
    match parent:
        case Sequence():
            at = [one.id for one in parent.children].index(child)
            if token is not None and token["at"] < at:
                raise Misfit(f"{child!r} has not been reached")
            turn.open[parent.id] = {"at": at}
        case Choice():
            way = next(branch.name for branch in parent.branches if branch.body.id == child)
            took = turn.state["took"].get(parent.id) if token is None else token.get("took")
            if took != way:
                raise Misfit(f"the run did not take the way {way!r} of {parent.id!r}")
            turn.open.setdefault(parent.id, {"visit": turn.state["visits"][parent.id], "took": way})
        case _ if token is None:
            raise Misfit(f"{parent.id!r} has ended: go back to all of it, or to something before it")
        case Parallel():
            if child not in token["left"]:
                token["left"].append(child)
        case Loop():
            redo = child == parent.redo.id
            if redo and token["in"] != "redo":
                if token["passes"] < 2:
                    raise Misfit(f"{child!r} has not been reached")
                token["passes"] -= 1
            token["in"] = "redo" if redo else "body"
            if "task" in token:
                turn.settle(token)
            token.pop("phase", None)

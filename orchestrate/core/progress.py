"""How far a run is, read off its state."""

from dataclasses import dataclass

from orchestrate.contracts import Choice, Loop, Node, Step
from orchestrate.core.plan_index import PlanIndex, children
from orchestrate.core.turn import UNDO, State, Token, name_of


@dataclass(frozen=True)
class Progress:
    """How far a run is, in words and numbers."""

    steps: tuple[str, ...]
    """Names of the steps the run is in."""
    done: int
    """Different steps done."""
    total: int
    """Steps on the way it took so far, and on the longest way where that is open."""
    waiting_for: tuple[str, ...]
    """What it waits for: task ids, retries, systems, `paused`."""


def progress(index: PlanIndex, state: State) -> Progress:
    """How far a run is: "step 3 of 7, waiting for a task"."""
    waits = ["paused"] if "paused" in state else []
    names = []
    for key, token in state["open"].items():
        node = index.nodes.get(token.get("node", key))
        if "phase" not in token or node is None or key in index.side:
            continue
        names.append(f"undo {node.id}" if key == UNDO else name_of(node, token))
        waits.append(_waits(node, token))
    done = len([step for step in state["done"] if step not in index.side])
    total = max(done, _length(index.plan.body, state["took"]))
    return Progress(tuple(names), done, total, tuple(waits))


def _waits(node: Node, token: Token) -> str:
    if token["phase"] == "task":
        return str(token["task"]["id"])
    return f"run {token['child']}" if "child" in token else f"{token['phase']} {node.id}"


def _length(node: Node, took: dict[str, str]) -> int:
    if isinstance(node, Step):
        return 1
    if isinstance(node, Choice):
        taken = [b.body for b in node.branches if took.get(node.id, b.name) == b.name]
        return max((_length(body, took) for body in taken), default=0)
    if isinstance(node, Loop):
        return _length(node.body, took)
    return sum(_length(child, took) for child in children(node))

"""A block-structured process as BPMN draws it: tasks, sequences, parallel blocks, choices and loops."""

from dataclasses import dataclass
from typing import Literal

from mining.tree import Tree

TaskKind = Literal["task", "user", "service", "script", "manual", "send", "receive", "rule", "call"]
BlockKind = Literal["task", "sequence", "parallel", "choice", "loop", "skip"]


@dataclass(frozen=True)
class Timer:
    """A boundary timer of a task: after `duration` its handler starts."""

    id: str
    duration: str
    """ISO 8601: `PT4H`."""
    name: str = ""
    interrupting: bool = False
    then: "Block | None" = None
    """What happens then; ends in an end event of its own."""


@dataclass(frozen=True)
class Block:
    """One block. Ids are unique in a process and become the ids of the BPMN elements.

    A loop has two children: the body, then what is done before the body is done again.
    """

    kind: BlockKind
    id: str
    name: str = ""
    """A task's name, or the question at the gateway of a choice or loop."""
    children: tuple["Block", ...] = ()
    task: TaskKind = "task"
    timers: tuple[Timer, ...] = ()
    documentation: str = ""
    label: str = ""
    """Text on the flow into this block, where it is a branch of a choice or the redo part of a loop."""
    when: str = ""
    """Condition on that flow."""
    default: bool = False
    """That flow is taken when no condition holds."""
    leave: str = ""
    """For a loop: text on the flow out of it."""


def of_tree(tree: Tree) -> Block:
    """The block of a process tree; ids are `b1`, `b2`, … in the order in which the tree is written."""
    numbers = iter(range(1, 1 << 62))

    def block(node: Tree) -> Block:
        id = f"b{next(numbers)}"
        if node.operator == "leaf":
            return Block("task", id, node.activity or "")
        if node.operator == "silent":
            return Block("skip", id)
        return Block(node.operator, id, children=tuple(map(block, node.children)))

    return block(tree)

"""The process tree: immutable, printable, and block-structured, so that every tree is a sound process."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Operator = Literal["leaf", "silent", "sequence", "choice", "parallel", "loop"]
_SYMBOL = {"sequence": "->", "choice": "X", "parallel": "+", "loop": "*"}


@dataclass(frozen=True)
class Tree:
    """A process tree. Make one with `leaf`, `silent`, `sequence`, `choice`, `parallel` and `loop`.

    A loop has two children: the body, which is done at least once, and the redo part, after which the
    body is done again. Two trees are equal when they are written alike.
    """

    operator: Operator
    children: tuple["Tree", ...] = ()
    activity: str | None = None

    def __str__(self) -> str:
        """The tree in the usual notation, such as `->( 'a', X( 'b', tau ) )`."""
        if self.operator == "leaf":
            return "'" + str(self.activity).replace("\\", "\\\\").replace("'", "\\'") + "'"
        if self.operator == "silent":
            return "tau"
        return f"{_SYMBOL[self.operator]}( {', '.join(map(str, self.children))} )"

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The activities that occur."""
        return frozenset(str(node.activity) for node in self.nodes() if node.operator == "leaf")

    @cached_property
    def nullable(self) -> bool:
        """Whether a case may pass through without doing anything."""
        match self.operator:
            case "leaf":
                return False
            case "silent":
                return True
            case "choice":
                return any(child.nullable for child in self.children)
            case "loop":
                return self.children[0].nullable
            case _:
                return all(child.nullable for child in self.children)

    @cached_property
    def begins(self) -> str | None:
        """The activity that best says what this part is about: the first that cannot be skipped."""
        found = self._first_needed()
        if found is None:
            found = next((str(node.activity) for node in self.nodes() if node.operator == "leaf"), None)
        return found

    def _first_needed(self) -> str | None:
        if self.operator == "leaf":
            return str(self.activity)
        if self.operator == "choice":
            branches = (child.begins for child in self.children if child.operator != "silent")
            return next((name for name in branches if name is not None), None)
        children = self.children[:1] if self.operator == "loop" else self.children
        needed = (child._first_needed() for child in children if not child.nullable)
        return next((name for name in needed if name is not None), None)

    @property
    def leaves(self) -> int:
        """How many steps are written down; silent ones do not count."""
        return sum(node.operator == "leaf" for node in self.nodes())

    @property
    def size(self) -> int:
        """Nodes of the tree: steps and operators; silent ones do not count."""
        return sum(node.operator != "silent" for node in self.nodes())

    @property
    def control_flow_complexity(self) -> int:
        """Cardoso's measure (2005): branches of each choice, 1 for each parallel block, 2 for each loop."""
        return sum(
            {"choice": len(node.children), "parallel": 1, "loop": 2}.get(node.operator, 0)
            for node in self.nodes()
        )

    @property
    def distinct(self) -> bool:
        """Whether no activity is written twice, which replay by projection relies on."""
        return self.leaves == len(self.alphabet)

    def nodes(self) -> Iterator["Tree"]:
        """This node and all below it, parents first."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


SILENT = Tree("silent")


def leaf(activity: str) -> Tree:
    """One activity, done once."""
    return Tree("leaf", activity=activity)


def silent() -> Tree:
    """Nothing."""
    return SILENT


def sequence(*children: Tree) -> Tree:
    """One after the other; nested sequences become one, and silent parts vanish."""
    return _joined("sequence", children)


def parallel(*children: Tree) -> Tree:
    """All of them, their activities interleaved in any way."""
    return _joined("parallel", children)


def choice(*children: Tree) -> Tree:
    """Exactly one of them; nested choices become one, and equal branches too."""
    if not children:
        raise ValueError("A choice needs at least one branch.")
    branches: dict[Tree, None] = {}
    for child in children:
        branches.update(dict.fromkeys(child.children if child.operator == "choice" else (child,)))
    return next(iter(branches)) if len(branches) == 1 else Tree("choice", tuple(branches))


def loop(body: Tree, redo: Tree = SILENT) -> Tree:
    """The body, then any number of times the redo part and the body again."""
    return Tree("loop", (body, redo))


def _joined(operator: Literal["sequence", "parallel"], children: tuple[Tree, ...]) -> Tree:
    flat: list[Tree] = []
    for child in children:
        if child.operator == operator:
            flat.extend(child.children)
        elif child.operator != "silent":
            flat.append(child)
    if not flat:
        return SILENT
    return flat[0] if len(flat) == 1 else Tree(operator, tuple(flat))


def repeatable(tree: Tree, activities: frozenset[str]) -> Tree:
    """The tree with each of these activities allowed to repeat directly after itself."""
    if tree.operator == "leaf":
        return loop(tree) if tree.activity in activities else tree
    if tree.operator == "loop" and tree.children[1] == SILENT and tree.children[0].operator == "leaf":
        return tree
    return Tree(tree.operator, tuple(repeatable(child, activities) for child in tree.children))

"""Reads any part of a XES log element by element, and says what is no XES."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ingest.adapter import Content, Limits
from ingest.adapters.xes_scan import LOG
from ingest.errors import Unfit

KINDS = frozenset(("string", "date", "int", "float", "boolean", "id", "list", "container"))
HOLDERS = ("list", "container")
INSIDE = {
    None: ("log",),
    "log": ("trace", "event", "global", "classifier", "extension"),
    "trace": ("event",),
}
"""Which elements may lie in which, attributes aside."""
STRUCTURE = ("log", "trace", "event")
OTHER_ROOTS = {
    "definitions": "a BPMN diagram",
    "pnml": "a Petri net (PNML)",
    "WorkflowLog": "MXML, the format before XES",
    "html": "an HTML page",
    "Workbook": "an Excel 2003 workbook in XML",
}
Node = tuple[str, str, list[Any]]
"""Key, value and children of an attribute that lies in another."""
Record = tuple[int, str, str, str]
"""Owner, key, tag and value of an attribute."""


class Elements:
    """What expat has told since the last `take`, and where in the document it is."""

    def __init__(self, parser: Any, content: Content, limits: Limits) -> None:
        self.parser, self.content, self.name, self.limits = parser, content, content.name, limits
        self.classifiers: dict[str, tuple[str, ...]] = {}
        self.unknown: Counter[str] = Counter()
        self.closed_at = -1
        """Byte at which the last event or trace was closed."""
        self.open: list[str] = []
        self.traces = 0
        """Number of the trace that is open, or was last."""
        self.event_traces: list[int] = []  # of each event, the number of its trace; 0 for none
        self.attributes: list[Record] = []
        self.case_attributes: list[Record] = []
        self.target: list[Record] | None = None
        self.owner = 0
        self.nest: list[str] = []  # keys of the attributes that are open
        self.nodes: list[Node] = []  # the same with what they hold, once one lies in another
        self.outermost = 0

    def take(self) -> tuple[list[Record], list[int], list[Record]]:
        """What is complete: attributes of events, the trace of each event, attributes of traces.

        An event that is still open stays, and so does an attribute of a trace that is.
        """
        attributes, traces, cases = self.attributes[:], self.event_traces[:], self.case_attributes[:]
        for kept in (self.attributes, self.event_traces, self.case_attributes):
            kept.clear()
        if "event" in self.open:
            begin = next((i for i, record in enumerate(attributes) if record[0] == self.owner), None)
            begin = len(attributes) if begin is None else begin
            self.attributes += [(0, *record[1:]) for record in attributes[begin:]]
            self.event_traces.append(traces.pop())
            del attributes[begin:]
            self.owner, self.outermost = 0, self.outermost - begin
        elif self.nest and self.target is self.case_attributes:
            self.case_attributes += cases[self.outermost :]
            del cases[self.outermost :]
            self.outermost = 0
        return attributes, traces, cases

    @property
    def level(self) -> int:
        """How deep: 1 in the log, 2 in a trace; what is deeper or outside has other numbers."""
        return len(self.open) if not self.nest and self.open[:1] == ["log"] else 0

    def enter(self, level: int, traces: int) -> None:
        """Go on at a level to which another reader has come."""
        self.open[LOG:] = ["trace"] * (level - LOG)
        self.traces = self.owner = traces
        self.target = self.case_attributes if level > LOG else None

    def listen(self, *, on: bool) -> None:
        """Hear of elements, or let them pass."""
        start, end = self._handlers() if on else (None, None)
        self.parser.StartElementHandler, self.parser.EndElementHandler = start, end

    def _handlers(self) -> tuple[Callable[[str, list[str]], None], Callable[[str], None]]:
        """What expat calls for each element; what is most common costs least."""
        nest, nodes = self.nest, self.nodes

        def start(tag: str, given: list[str]) -> None:
            if tag not in KINDS:
                return self._open_element(tag, given, start)
            if len(given) == 4 and given[0] == "key" and given[2] == "value":
                key, value = given[1], given[3]
            else:
                named = dict(zip(given[::2], given[1::2], strict=True))
                key, value = named.get("key", ""), named.get("value", "")
            if nest:
                self._open_nested(key, value)
            elif self.target is not None:
                self.outermost = len(self.target)
                self.target.append((self.owner, key, tag, value))
            nest.append(key)
            return None

        def end(tag: str) -> None:
            if tag not in KINDS:
                return self._close_element(tag, end)
            nest.pop()
            if nodes:
                node = nodes.pop()
                if not nest and self.target is not None:
                    self._keep_tree(self.target, tag, node)
            return None

        return start, end

    def _open_nested(self, key: str, value: str) -> None:
        """An attribute inside an attribute: keep the whole tree, from the outermost down."""
        if len(self.nest) >= self.limits.depth:
            raise self._unfit(
                "depth", f"attributes nest deeper than {self.limits.depth}, the limit of depth."
            )
        if not self.nodes:
            self.nodes.append((self.nest[0], "", []))
        node: Node = (key, value, [])
        self.nodes[-1][2].append(node)
        self.nodes.append(node)

    def _keep_tree(self, target: list[Record], tag: str, node: Node) -> None:
        """The children as JSON: in place of a list's value, beside that of others."""
        tree = json.dumps(_plain(node[2]), ensure_ascii=False)
        if tag in HOLDERS:
            target[self.outermost] = (self.owner, node[0], tag, tree)
        else:
            target.append((self.owner, f"{node[0]}/nested", "string", tree))

    def _open_element(self, tag: str, given: list[str], again: Callable[[str, list[str]], None]) -> None:
        _, colon, plain = tag.rpartition(":")
        if colon and (plain in KINDS or plain in STRUCTURE or plain in ("values", *INSIDE["log"])):
            return again(plain, given)
        if tag == "values" and self.nest:
            return None
        parent = self.open[-1] if self.open else None
        if self.nest or tag not in INSIDE.get(parent, ()):
            return self._refuse_or_skip(tag, parent)
        self.open.append(tag)
        if tag == "event":
            self.owner = len(self.event_traces)
            self.event_traces.append(self.traces if parent == "trace" else 0)
            self.target = self.attributes
        elif tag == "trace":
            self.traces += 1
            self.owner, self.target = self.traces, self.case_attributes
        elif tag == "classifier":
            named = dict(zip(given[::2], given[1::2], strict=True))
            if named.get("scope", "event") == "event":
                self.classifiers[named.get("name", "")] = _keys(named.get("keys", ""))
        return None

    def _close_element(self, tag: str, again: Callable[[str], None]) -> None:
        _, colon, plain = tag.rpartition(":")
        if colon:
            return again(plain)
        if tag == "values" and self.nest:
            return None
        self.open.pop()
        if tag in STRUCTURE:
            self.closed_at = self.parser.CurrentByteIndex
            inside_trace = self.open[-1:] == ["trace"]
            self.target = self.case_attributes if inside_trace else None
            self.owner = self.traces
        return None

    def _refuse_or_skip(self, tag: str, parent: str | None) -> None:
        if parent is None and not self.open:
            plain = tag.rpartition(":")[2]
            what = OTHER_ROOTS.get(plain, "XML of another kind")
            if b"scriptTask" in self.content.head:
                what += " with scripts (scriptTask)"
            raise Unfit(
                "format",
                f"{self.name} is {what}, no event log: its root is <{tag}>.",
                hint="A XES log has the root <log>.",
            )
        if tag in STRUCTURE:
            around = "an attribute" if self.nest else f"<{parent}>"
            raise self._unfit("line", f"<{tag}> lies inside {around}, where XES has none.")
        self.unknown[tag] += 1
        self._skip()

    def _skip(self) -> None:
        """Let an element that XES does not know pass with everything in it."""
        start, end = self.parser.StartElementHandler, self.parser.EndElementHandler
        depth = 0

        def start_inside(_tag: str, _given: list[str]) -> None:
            nonlocal depth
            depth += 1
            if depth > self.limits.depth:
                raise self._unfit("depth", "elements nest too deep (depth).")

        def end_inside(_tag: str) -> None:
            nonlocal depth
            if depth == 0:
                self.parser.StartElementHandler, self.parser.EndElementHandler = start, end
            depth -= 1

        self.parser.StartElementHandler, self.parser.EndElementHandler = start_inside, end_inside

    def _unfit(self, word: str, said: str) -> Unfit:
        line = f"line {self.parser.CurrentLineNumber}"
        return Unfit(word, f"{self.name}, {line}: {said}", where=line)


def _plain(children: list[Node]) -> list[dict[str, Any]]:
    return [
        {key: {"value": value, "children": _plain(inner)} if inner else value}
        for key, value, inner in children
    ]


def _keys(text: str) -> tuple[str, ...]:
    """The keys of a classifier; those with blanks are quoted."""
    return tuple(a or b for a, b in re.findall(r"'([^']*)'|(\S+)", text))

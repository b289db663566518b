"""Flattens an object-centric log to one type of object, and counts what that distorts.

A case is an object of the chosen type with the events that touch it. Three things get lost on the way
(van der Aalst, *Object-Centric Process Mining*, 2019), and each is counted:

- *convergence*: an event that touches several such objects is copied into each case;
- *divergence*: within a case, events of one activity concern different other objects, and look as if
  they followed one another;
- *deficiency*: an event that touches no such object is in no case.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.adapter import Aside
from ingest.adapters.ocel.model import Event, ObjectLog, Value
from ingest.contracts import Finding

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"
EVENT_ID, QUALIFIER, OTHERS = "event_id", "qualifier", "object:"
TAKEN = frozenset((CASE, ACTIVITY, TIME, EVENT_ID, QUALIFIER))
"""Columns of a flat event that its attributes must not hide."""


@dataclass
class Distortion:
    """What flattening to one type does."""

    objects: int = 0
    events: int = 0
    """Events that touch an object of the type."""
    rows: int = 0
    """The same, one for each object."""
    converging: int = 0
    """Events that touch several."""
    diverging: set[str] = field(default_factory=set)
    """Cases in which events of one activity concern different other objects."""
    examples: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(activity, other type) to such cases."""
    first: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    """(case, activity) to other type to the objects of its first event, as a hash."""

    def add(self, event: Event, cases: list[str], others: dict[str, list[str]]) -> None:
        """Count one event and the objects of the type (`cases`) and of other types that it touches."""
        if not cases:
            return
        self.events += 1
        self.rows += len(cases)
        self.converging += len(cases) > 1
        touched = {kind: hash(frozenset(keys)) for kind, keys in others.items()}
        for case in cases:
            before = self.first.get((case, event.activity))
            if before is None:
                self.first[(case, event.activity)] = touched
                continue
            for kind in before.keys() | touched.keys():
                if before.get(kind) != touched.get(kind):
                    self.diverging.add(case)
                    self.examples[(event.activity, kind)] += 1


def sound(log: ObjectLog, event: Event, seen: set[str]) -> str:
    """Why an event cannot be loaded, or nothing."""
    if event.fault:
        return event.fault
    if event.id and event.id in seen:
        return f"the event {event.id!r} occurs twice"
    seen.add(event.id)
    lost = next((key for key, _ in event.related if key not in log.types), None)
    if lost is not None:
        return f"refers to the object {lost!r}, which the log does not have"
    return ""


def by_type(log: ObjectLog, event: Event) -> dict[str, list[str]]:
    """Type to the objects of it that an event touches, each once."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in dict.fromkeys(key for key, _ in event.related):
        found[log.types[key]].append(key)
    return found


def compare(log: ObjectLog) -> dict[str, Distortion]:
    """What flattening to each type would do, the most promising type first."""
    counted = Counter(log.types.values())
    found = {kind: Distortion(objects=objects) for kind, objects in counted.items()}
    seen: set[str] = set()
    for event in log.events():
        if not sound(log, event, seen):
            touched = by_type(log, event)
            for kind, cases in touched.items():
                others = {other: keys for other, keys in touched.items() if other != kind}
                found[kind].add(event, cases, others)
    most = max((d.events for d in found.values()), default=0)

    def promise(kind: str) -> tuple[bool, int, int]:
        """Types that most events touch, few of them several at once, with many objects, come first."""
        d = found[kind]
        return 2 * d.events < most, round(10 * d.converging / max(1, d.events)), -d.objects

    return {kind: found[kind] for kind in sorted(found, key=promise)}


@dataclass
class Flat:
    """One pass over the events of a log for one type."""

    log: ObjectLog
    kind: str
    distortion: Distortion = field(default_factory=Distortion)
    cases: dict[str, int] = field(default_factory=dict)
    """Object to the number of its case."""
    deficient: int = 0

    def rows(self) -> Iterator[tuple[int, int, dict[str, str | None]] | Aside]:
        """Number of the event, number of the case, and columns; or why the event is in no case."""
        seen: set[str] = set()
        for event in self.log.events():
            fault = sound(self.log, event, seen)
            if fault:
                code = "duplicate_key" if fault.endswith("twice") else "dangling_reference"
                yield Aside(event.number, fault, values=_kept(event), code=code)
                continue
            touched = by_type(self.log, event)
            cases = touched.pop(self.kind, [])
            self.distortion.add(event, cases, touched)
            if not cases:
                self.deficient += 1
                reason = f"touches no object of the type {self.kind!r}"
                yield Aside(event.number, reason, values=_kept(event), code="no_object_of_type")
            for case in cases:
                number = self.cases.setdefault(case, len(self.cases) + 1)
                yield event.number, number, self._columns(event, case, touched)

    def _columns(self, event: Event, case: str, others: dict[str, list[str]]) -> dict[str, str | None]:
        columns: dict[str, str | None] = {ACTIVITY: event.activity, TIME: event.time, EVENT_ID: event.id}
        qualifiers = [role for key, role in event.related if key == case and role]
        if qualifiers:
            columns[QUALIFIER] = ", ".join(dict.fromkeys(qualifiers))
        for kind, keys in others.items():
            columns[OTHERS + kind] = listed(keys)
        for name, value in event.attributes.items():
            columns[f"{name} (attribute)" if name in TAKEN else name] = value
        return columns

    def case_rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """Number of each case and its columns: the newest value of each attribute, and related objects.

        An attribute that changed has its first value in a column `NAME (first)`.
        """
        values: dict[str, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
        for key, value in self.log.values(self.kind):
            if key in self.cases:
                values[key][value.name].append(value)
        related: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for key, other in self.log.links(self.kind):
            if key in self.cases and other in self.log.types:
                related[key][self.log.types[other]].append(other)
        for key, number in self.cases.items():
            columns: dict[str, str | None] = {CASE: key}
            for name, history in values[key].items():
                history.sort(key=lambda value: value.since)
                columns[f"case:{name}"] = history[-1].value
                if history[0].value != history[-1].value:
                    columns[f"case:{name} (first)"] = history[0].value
            for kind, keys in related[key].items():
                columns[f"case:{OTHERS}{kind}"] = listed(dict.fromkeys(keys))
            yield number, columns

    def findings(self) -> Iterator[Finding]:
        """What the flattening distorts, and objects without events."""
        lost, kind = self.distortion, self.kind
        if lost.converging:
            yield _warning(
                "convergence",
                lost.converging,
                f"{lost.converging:,} events touch several objects of the type {kind!r} and were copied into"
                f" each case: {lost.events:,} events became {lost.rows:,}. Number and cost are too high.",
            )
        if lost.diverging:
            (activity, other), count = lost.examples.most_common(1)[0]
            yield _warning(
                "divergence",
                len(lost.diverging),
                f"In {len(lost.diverging):,} cases, events of one activity concern different other objects"
                f" and only look like repetition: most often {activity!r}, of different {other!r}"
                f" ({count:,} times).",
            )
        idle = sum(found == kind for found in self.log.types.values()) - len(self.cases)
        if idle:
            yield _warning(
                "empty_traces",
                idle,
                f"{idle:,} objects of the type {kind!r} have no events; they are no cases.",
            )


def listed(keys: Iterable[str]) -> str:
    """One object as it is, several as a JSON list."""
    keys = list(keys)
    return keys[0] if len(keys) == 1 else json.dumps(keys, ensure_ascii=False)


def _kept(event: Event) -> dict[str, object]:
    return {"id": event.id, "activity": event.activity, "time": event.time, "objects": event.related}


def _warning(code: str, count: int, message: str) -> Finding:
    return Finding(code=code, severity="warning", count=count, message=message)

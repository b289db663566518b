"""The as-is plan: the grown tree with typed steps, each with what the log showed of it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from mining.replay import Path
from mining.tree import Tree
from orchestrate.contracts import Branch, Choice, Loop, Node, Observed, Parallel, Sequence, Skip, Step
from orchestrate.redesign.history import Floats, History, Ints, Taken
from orchestrate.redesign.lanes import AT_ONCE, Lanes, parallel_blocks
from orchestrate.redesign.what_next import with_next
from orchestrate.redesign.workers import Worker, workers

LEVELS = np.linspace(0, 1, 21)
SKIP = "skip"


@dataclass(frozen=True)
class Times:
    """Instances of one activity in fitting cases, aligned."""

    row: Ints
    waiting_s: Floats
    """From the end of what came before it in the tree until its start."""
    processing_s: Floats

    @property
    def total_s(self) -> Floats:
        """From possible to done."""
        return np.asarray(self.waiting_s + self.processing_s)


@dataclass
class AsIs:
    """The as-is tree as plan nodes, and the way between the two."""

    body: Node
    id_of: dict[Path, str]
    """Node id by place in the tree."""
    step_of: dict[str, str]
    """Step id by activity."""
    taken: dict[str, Taken]
    """Decisions by node id."""
    times: dict[str, Times]
    """By activity."""
    workers: dict[str, Worker]
    """By activity."""
    serial: dict[str, Lanes]
    """Blocks in which discovery saw no fixed order but one thing was done after the other, by node id:
    today they are sequences."""


def draw(history: History) -> AsIs:
    """The grown tree of a history as plan nodes; every choice is a person's, with the observed shares."""
    blocks = {lanes.path: lanes for lanes in parallel_blocks(history)} if history.facts.timed else {}
    serial = {
        path: lanes for path, lanes in blocks.items() if lanes.overlapping < AT_ONCE and len(lanes.case)
    }
    times = _times(history, serial)
    who = workers(history.frame, history.names)
    drawing = _Drawing(history, times, who, serial)
    body = drawing.node(history.grown.tree, ())
    taken = {drawing.id_of[path]: found for path, found in drawing.taken.items()}
    body = with_next(history, body, taken, {name: times[name].row for name in times})
    serial_ids = {drawing.id_of[path]: lanes for path, lanes in serial.items()}
    return AsIs(body, drawing.id_of, drawing.step_of, taken, times, who, serial_ids)


def _times(history: History, serial: dict[Path, Lanes]) -> dict[str, Times]:
    frame = history.frame
    rows, before = history.enabled_rows()
    in_turn = [name for path in serial for name in at(history.grown.tree, path).alphabet]
    # Where lanes ran one after the other, what came before a step is the event before it, whatever its lane.
    after_another = frame["activity"].isin(in_turn).to_numpy()[rows] & (
        rows > history.first[history.case_of_row()[rows]]
    )
    before = np.where(after_another, rows - 1, before)
    start, end = (frame[c].to_numpy("datetime64[us]").astype(np.int64) / 1e6 for c in ("start", "end"))
    waiting = np.where(before >= 0, np.maximum(start[rows] - end[before], 0.0), 0.0)
    processing = np.maximum(end[rows] - start[rows], 0.0)
    activity = frame["activity"].to_numpy(object)[rows]
    found: dict[str, Times] = {}
    for name in history.names:
        own = np.flatnonzero(activity == name)
        found[name] = Times(rows[own], waiting[own], processing[own])
    return found


def at(tree: Tree, path: Path) -> Tree:
    """The part of a tree at a place."""
    for child in path:
        tree = tree.children[child]
    return tree


def observed(history: History, times: Times) -> Observed:
    """Quantiles of an activity's times, and how often each outcome came out."""
    outcomes = history.frame["outcome"].to_numpy(object)[times.row]
    named = [o for o in outcomes if isinstance(o, str)]
    shares = {o: round(named.count(o) / len(named), 4) for o in sorted(set(named))}
    return Observed(
        n=len(times.row),
        processing_s=quantiles(times.processing_s),
        waiting_s=quantiles(times.waiting_s),
        outputs={"outcome": shares} if shares else {},
    )


def quantiles(seconds: Floats) -> tuple[float, ...]:
    """21 quantiles, to the tenth of a second."""
    if not len(seconds):
        return ()
    return tuple(round(float(value), 1) for value in np.quantile(seconds, LEVELS))


class _Drawing:
    """Walks the tree and gives every node an id that says what it is about."""

    def __init__(
        self,
        history: History,
        times: dict[str, Times],
        workers: dict[str, Worker],
        serial: dict[Path, Lanes],
    ) -> None:
        self.history = history
        self.serial = serial
        self.times = times
        self.workers = workers
        self.taken = history.taken()
        self.id_of: dict[Path, str] = {}
        self.step_of: dict[str, str] = {}
        self._used: set[str] = set()
        self._outcomes = {d.name: tuple(sorted(set(d.outcomes.values()))) for d in history.merged}

    def node(self, tree: Tree, path: Path) -> Node:
        if tree.operator == "leaf":
            return self._step(str(tree.activity), path)
        first = tree.begins
        kind = {"sequence": "do", "parallel": "all", "choice": "choose", "loop": "repeat", "silent": "skip"}
        identity = self.id_of[path] = self._unique(
            f"{kind[tree.operator]}-{slug(str(first or ''))}".strip("-")
        )
        if tree.operator == "silent":
            return Skip(id=identity)
        children = tuple(self.node(child, (*path, i)) for i, child in enumerate(tree.children))
        if tree.operator == "sequence":
            return Sequence(id=identity, children=children)
        if tree.operator == "parallel" and path in self.serial:
            return Sequence(id=identity, children=tuple(children[lane] for lane in self.serial[path].order))
        if tree.operator == "parallel":
            return Parallel(id=identity, children=children)
        if tree.operator == "choice":
            return self._choice(identity, path, children)
        return self._loop(identity, path, children)

    def _step(self, activity: str, path: Path) -> Step:
        identity = self.id_of[path] = self.step_of[activity] = self._unique(slug(activity) or "step")
        return make_step(
            self.history,
            activity,
            identity,
            self.times[activity],
            self.workers[activity],
            outcomes=self._outcomes.get(activity, ()),
        )

    def _choice(self, identity: str, path: Path, children: tuple[Node, ...]) -> Choice:
        taken = self.taken.get(path)
        counts = np.bincount(taken.branch if taken else [], minlength=len(children))
        total = max(int(counts.sum()), 1)
        names: list[str] = []
        for part, child in zip(at(self.history.grown.tree, path).children, children, strict=True):
            name = SKIP if isinstance(child, Skip) else str(part.begins)
            names.append(name if name not in names else f"{name} ({len(names) + 1})")
        branches = tuple(
            Branch(name=name, share=round(int(n) / total, 4), body=child)
            for name, n, child in zip(names, counts, children, strict=True)
        )
        return Choice(
            id=identity, by="person", question=f"What is next: {' or '.join(names)}?", branches=branches
        )

    def _loop(self, identity: str, path: Path, children: tuple[Node, ...]) -> Loop:
        taken = self.taken.get(path)
        body, redo = children
        most = int(taken.visit.max()) if taken else 1
        return Loop(
            id=identity,
            body=body,
            redo=redo,
            by="person",
            question=f"Once more from {at(self.history.grown.tree, path).begins!r}?",
            share_again=round(float(taken.branch.mean()), 4) if taken else 0.0,
            max_visits=most + 1,
        )

    def _unique(self, wanted: str) -> str:
        identity, n = wanted, 1
        while identity in self._used:
            n += 1
            identity = f"{wanted}-{n}"
        self._used.add(identity)
        return identity


def make_step(
    history: History,
    activity: str,
    identity: str,
    times: Times,
    who: Worker,
    *,
    outcomes: tuple[str, ...] = (),
) -> Step:
    """The step for an activity, with who does it and what the log showed of it."""
    systems = (
        history.frame["system"].iloc[times.row].dropna() if len(times.row) else history.frame["system"][:0]
    )
    share = len(np.unique(history.case_of_row()[times.row])) / max(history.fitting, 1)
    doer = who.role or ("a system" if who.system else "a person")
    purpose = f"Done in {share:.0%} of cases by {doer} ({who.why})."
    instructions = f"Do {activity!r}, then say it is done."
    if who.outside:
        why = f"role {who.role!r}" if who.role else who.why
        purpose = f"Comes from outside in {share:.0%} of cases ({why}): nobody here does it."
        instructions = f"Comes from outside: say when {activity!r} has happened."
    if outcomes:
        instructions = instructions.replace("it is done", "how it ended")
    return Step(
        id=identity,
        name=activity,
        does="service" if who.system else "human",
        purpose=purpose,
        system=str(systems.mode().iat[0]) if len(systems) else None,
        role=None if who.outside else who.role,
        outcomes=outcomes,
        instructions=instructions,
        observed=observed(history, times),
    )


def first_step(node: Node) -> str:
    """What a part of a plan begins with."""
    from orchestrate.plans.changes import steps

    return next((step.name for step in steps(node)), SKIP)


def slug(name: str) -> str:
    """A name as an id: lower-case ASCII letters, digits and hyphens, beginning with a letter, at most 40."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-")
    return f"s-{found}" if found and not found[0].isalpha() else found


def seconds(value: float) -> timedelta:
    """Whole seconds, at least one."""
    return timedelta(seconds=max(1, round(value)))

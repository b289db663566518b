"""Plays cases through a tree of steps, many at once: the fast twin of the sandbox, for predictions.

It takes the same assumptions as `orchestrate.proving.world` and leaves out the engine; a test holds the
two to each other.
"""

import zlib
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from orchestrate.contracts import Choice, Loop, Node, Parallel, Sequence, Step
from orchestrate.proving.durations import at_levels

Times = npt.NDArray[np.float64]
Cases = npt.NDArray[np.int64]
HELPED = 0.5
"""Share of escalations that get a new person to answer after a fresh wait. Logs without escalation
cannot tell, so a draw takes anything from none to all, and the sandbox the half between."""


@dataclass
class Played:
    """Cases played through one tree; times in seconds."""

    end: Times
    waiting: Times
    approval: Times
    """From possible to decided, summed over approvals; not a number for cases without one."""
    rework: npt.NDArray[np.bool_]
    """Whether the case went round a loop."""
    exception: npt.NDArray[np.bool_]
    """Whether it met an exceptional step."""


@dataclass
class Model:
    """One draw of times and shares, and the luck of each case; both trees are played under the same."""

    seed: tuple[int, ...]
    cases: int
    sample: float = np.inf
    """Observations that the log's figures are worth: infinite takes them as they are."""
    helped: float = HELPED
    exceptional: Set[str] = frozenset()
    """Names of the steps that make a case an exception."""
    approvals: Set[str] = frozenset()
    """Names of the steps whose time from possible to done is approval delay."""
    _kept: dict[tuple[str, int], Times] = field(default_factory=dict)

    def luck(self, what: str, visit: int = 0) -> Times:
        """One uniform number for each case: the same whichever tree asks, so that luck cancels out."""
        if (what, visit) not in self._kept:
            self._kept[what, visit] = self._chance(what, visit).random(self.cases)
        return self._kept[what, visit]

    def _chance(self, what: str, visit: int) -> np.random.Generator:
        return np.random.default_rng([*self.seed, zlib.crc32(what.encode()), visit + 1])

    def duration(self, what: str, quantiles: tuple[float, ...], n: int, luck: Times) -> Times:
        """Durations at `luck`, from quantiles of `n` observations as this draw sees them.

        A new sample's quantiles are the old ones at shifted levels, and the shifts between
        neighbouring levels are Dirichlet (Rubin, 1981, The Bayesian Bootstrap).
        """
        worth = min(float(n), self.sample)
        if np.isfinite(self.sample) and worth > 0 and len(quantiles) > 1:
            grid = np.linspace(0, 1, len(quantiles))
            steps = self._chance(what, -1).dirichlet(
                np.full(len(grid) - 1, max(worth / (len(grid) - 1), 0.05))
            )
            luck = np.interp(luck, grid, np.concatenate([[0.0], np.cumsum(steps)]))
        return at_levels(quantiles, n, luck)

    def shares(self, what: str, shares: list[float]) -> Times:
        """Shares that sum to one, as this draw sees them."""
        known = np.maximum(np.asarray(shares, dtype=float), 0)
        known = known / known.sum() if known.sum() > 0 else np.full(len(shares), 1 / len(shares))
        if not np.isfinite(self.sample):
            return known
        drawn: Times = self._chance(what, -1).dirichlet(known * self.sample + 1e-3)
        return drawn


def play(node: Node, model: Model) -> Played:
    """Every case of `model` played through a tree, all starting at second 0."""
    played = Played(
        np.zeros(model.cases),
        np.zeros(model.cases),
        np.full(model.cases, np.nan),
        np.zeros(model.cases, dtype=bool),
        np.zeros(model.cases, dtype=bool),
    )
    everyone = np.arange(model.cases)
    played.end = _through(node, model, everyone, np.zeros(model.cases), played, 0)
    return played


def _through(node: Node, model: Model, who: Cases, at: Times, played: Played, visit: int) -> Times:
    """When the cases `who`, which come to `node` at `at`, leave it."""
    match node:
        case Step():
            return _step(node, model, who, at, played, visit)
        case Sequence():
            for child in node.children:
                at = _through(child, model, who, at, played, visit)
            return at
        case Parallel():
            ends = [_through(child, model, who, at, played, visit) for child in node.children]
            return np.maximum.reduce(ends) if ends else at
        case Choice():
            return _choice(node, model, who, at, played, visit)
        case Loop():
            return _loop(node, model, who, at, played, visit)
    return at


def _choice(node: Choice, model: Model, who: Cases, at: Times, played: Played, visit: int) -> Times:
    shares = model.shares(node.id, [branch.share for branch in node.branches])
    if node.by == "default":  # the engine always goes the commonest way
        shares = np.eye(len(shares))[int(np.argmax([branch.share for branch in node.branches]))]
    taken = np.searchsorted(np.cumsum(shares)[:-1], model.luck(node.id, visit)[who], side="right")
    leave = at.copy()
    for number, branch in enumerate(node.branches):
        mine = taken == number
        if mine.any():
            leave[mine] = _through(branch.body, model, who[mine], at[mine], played, visit)
    return leave


def _loop(node: Loop, model: Model, who: Cases, at: Times, played: Played, visit: int) -> Times:
    again = model.shares(node.id, [node.share_again, 1 - node.share_again])[0]
    if node.by == "default":
        again = float(node.share_again >= 0.5)
    leave = _through(node.body, model, who, at, played, visit)
    rest = np.arange(len(who))
    for turn in range(1, node.max_visits):
        inner = visit * node.max_visits + turn
        rest = rest[model.luck(node.id, inner)[who[rest]] < again]
        if not len(rest):
            break
        played.rework[who[rest]] = True
        back = _through(node.redo, model, who[rest], leave[rest], played, inner)
        leave[rest] = _through(node.body, model, who[rest], back, played, inner)
    return leave


def _step(step: Step, model: Model, who: Cases, at: Times, played: Played, visit: int) -> Times:
    waited, worked = _times(step, model, who, visit)
    played.waiting[who] += waited
    if step.name in model.exceptional:
        played.exception[who] = True
    if step.name in model.approvals:
        played.approval[who] = np.nan_to_num(played.approval[who]) + waited + worked
    return np.asarray(at + waited + worked)


def _times(step: Step, model: Model, who: Cases, visit: int) -> tuple[Times, Times]:
    """Seconds of waiting and of work; an SLA shortens the wait as its escalation chain allows."""
    seen = step.observed
    if seen is None or (step.binding is not None and step.expected is not None):
        return np.zeros(len(who)), np.full(len(who), assumed_s(step))
    people = 0 if step.binding is not None else 1 + len(step.sla.escalate if step.sla else ())
    waits = [
        model.duration(
            f"{step.id} waits", seen.waiting_s, seen.n, model.luck(f"{step.id} wait {k}", visit)[who]
        )
        for k in range(people)
    ] or [np.zeros(len(who))]
    helps = [model.luck(f"{step.id} helps {k}", visit)[who] < model.helped for k in range(1, len(waits))]
    work = model.duration(
        f"{step.id} works", seen.processing_s, seen.n, model.luck(f"{step.id} work", visit)[who]
    )
    return escalated(waits, helps, step.sla.due.total_seconds() if step.sla else 0.0), work


def escalated(waits: list[Times], helps: list[npt.NDArray[np.bool_]], due_s: float) -> Times:
    """The wait until somebody takes the task: each escalation adds a person, where it helps.

    `waits[0]` is the first person's wait; `waits[k]` is the wait of the k-th person after the task
    came to them, which is `k * due_s` after it opened.
    """
    taken = waits[0]
    for level, (wait, helped) in enumerate(zip(waits[1:], helps, strict=True), start=1):
        taken = np.where(helped, np.minimum(taken, level * due_s + wait), taken)
    return taken


def assumed_s(step: Step) -> float:
    """Seconds a step takes of which the log showed nothing: what its author expects, or no time at all.

    A step that was added by hand takes none of its own: it is part of the waits that the log shows.
    """
    if step.off_system:
        return 0.0
    return step.expected.total_seconds() if step.expected else 0.0


def without_times(node: Node) -> Iterator[Step]:
    """The steps of a tree of which neither the log nor the author says how long they take."""
    from orchestrate.plans.bind import steps_of

    return (s for s in steps_of(node) if s.observed is None and s.expected is None and not s.off_system)

"""How far a log conforms to a model: which cases it accepts exactly, where the others deviate, and with what.

Membership is exact (`mining.derivatives`); only the variants that the model does not accept are aligned
with it (Adriansyah 2014), the commonest first, within a budget of time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from home.contracts import Contract, Response
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import duration, percent, plain, table
from mining.alignments import Aligner, Move
from mining.derivatives import Automaton, Replayable, TooManyStates, accepts
from mining.petri_net import Net, NetAutomaton, of_tree
from mining.tree import Tree

Variants = list[tuple[int, tuple[str, ...], int]]
"""Number, activities and cases of each variant, commonest first."""
TOLD = 50
"""Most deviations told."""


class Deviation(Contract):
    """One way in which cases depart from the model."""

    kind: Literal["skipped", "extra"]
    """`skipped`: the model wants the activity there; `extra`: the model does not."""
    activity: str
    after: str | None
    """What the cases did before it; absent at the start of a case."""
    cases: int
    share: float
    """Of all cases in view."""
    median_s: float | None
    """Median cycle time of the cases that have it."""
    conforming_s: float | None
    """Median cycle time of the cases that conform, to compare; neither is said to cause the other."""
    examples: list[str]
    """Cases that have it, the longest first."""


class Conformance(Response):
    """How far a log conforms to a model."""

    log: str
    model: str
    cases: int
    conforming: int
    """Cases that the model accepts exactly."""
    coverage: float
    """Share of cases that conform."""
    fitness: float | None
    """1 − cost of all deviations / cost if nothing fitted; absent where the model cannot end."""
    measured: float
    """Share of cases that were compared; the others are rare variants past the budget."""
    deviations: list[Deviation]
    """Those of most cases first."""
    deviations_total: int
    message: str = ""

    def lines(self) -> Iterator[str]:
        """The shares, then each deviation."""
        fit = "" if self.fitness is None else f", fitness {self.fitness:.3f}"
        yield (
            f"{plain(self.log)} against {plain(self.model)}: {percent(self.coverage)} of "
            f"{self.cases:,} cases conform{fit}"
        )
        if self.measured < 1:
            yield f"  compared: {percent(self.measured)} of cases; the others are rare variants past --budget"
        if self.message:
            yield f"  {plain(self.message)}"
        if self.deviations:
            yield ""
            yield from table([_told(deviation) for deviation in self.deviations])
            yield ""
            yield f"Conforming cases take {duration(self.deviations[0].conforming_s)} (median)."
        if self.deviations_total > len(self.deviations):
            yield f"{self.deviations_total - len(self.deviations):,} rarer deviations are not shown."


def _told(deviation: Deviation) -> dict[str, str]:
    where = f"after {deviation.after}" if deviation.after else "at the start"
    return {
        "cases": f"{deviation.cases:,}",
        "share": percent(deviation.share),
        "deviation": f"{deviation.kind} {deviation.activity!r} {where}",
        "cycle time": duration(deviation.median_s),
        "for example": ", ".join(deviation.examples),
    }


@dataclass(frozen=True)
class Compared:
    """The variants of a log beside a model; plain data."""

    accepted: tuple[int, ...]
    """Numbers of the variants that the model accepts."""
    moves: dict[int, tuple[Move, ...]]
    """Of each variant that was aligned, where it deviates."""
    fitness: float | None
    measured: float
    message: str = ""


def compared(model: Tree | Net, variants: Variants, budget_s: float) -> Compared:
    """Tell accepted variants from deviating ones and align the latter until the budget is spent."""
    net = of_tree(model) if isinstance(model, Tree) else model
    automaton: Replayable = Automaton(model) if isinstance(model, Tree) else NetAutomaton(net)
    aligner, until = Aligner(net), monotonic() + budget_s
    shortest = aligner.shortest()
    moves: dict[int, tuple[Move, ...]] = {}
    deviating, message = [], ""
    for number, activities, _ in variants:
        try:
            fits = not message and accepts(automaton, activities)
        except TooManyStates as error:
            fits, message = False, error.message
        if fits:
            moves[number] = ()
        else:
            deviating.append((number, activities))
    found = aligner.align((activities for _, activities in deviating), until)
    moves |= {number: each.moves for (number, _), each in zip(deviating, found, strict=True) if each}
    cost = worst = measured = 0
    for number, activities, cases in variants:
        if number in moves and shortest is not None:
            cost += len(moves[number]) * cases
            worst += (len(activities) + shortest) * cases
            measured += cases
    if shortest is None:
        message = f"{message} No case can end in this model.".strip()
    total = sum(cases for _, _, cases in variants)
    fitness = 1 - cost / worst if worst else None
    accepted = tuple(number for number, _, _ in variants if moves.get(number) == ())
    moves = {number: each for number, each in moves.items() if each}
    return Compared(accepted, moves, fitness, measured / total if total else 0.0, message)


def numbered_variants(cursor: Cursor) -> Variants:
    """The variants in view with their numbers, commonest first."""
    names = dict(cursor.execute(read_sql("mining.sql", "variant_names")).fetchall())
    counts = cursor.execute("select vid, n from variant where n > 0 order by n desc, vid").fetchall()
    return [(vid, tuple(names[vid]), n) for vid, n in counts]


def deviations(cursor: Cursor, found: Compared, cases: int) -> tuple[list[Deviation], int]:
    """The commonest deviations with the cycle times that go with them, and how many there are in all."""
    kinds = list(dict.fromkeys(move for moves in found.moves.values() for move in moves))
    number = {move: i for i, move in enumerate(kinds)}
    pairs = [(vid, number[move]) for vid, moves in found.moves.items() for move in dict.fromkeys(moves)]
    pairs += [(vid, -1) for vid in found.accepted]
    cursor.execute(
        read_sql("mining.sql", "deviating"),
        {"vids": [vid for vid, _ in pairs], "kinds": [kind for _, kind in pairs]},
    )
    told = {row["deviation"]: row for row in rows(cursor.execute(read_sql("mining.sql", "deviation_costs")))}
    conforming = told.pop(-1, None)
    commonest = sorted(told, key=lambda kind: (-told[kind]["cases"], kind))[:TOLD]
    return [
        Deviation(
            kind=kinds[kind].kind,
            activity=kinds[kind].activity,
            after=kinds[kind].after,
            cases=told[kind]["cases"],
            share=told[kind]["cases"] / cases,
            median_s=told[kind]["median_s"],
            conforming_s=conforming and conforming["median_s"],
            examples=told[kind]["examples"],
        )
        for kind in commonest
    ], len(told)

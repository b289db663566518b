"""Alignments of variants with a model: what deviating costs, within a budget of time."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, repeat
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Literal

from mining.petri_net import Net

STATES = 200_000
"""Most states one search may visit."""
_OPTIONS: Any = {
    "cost_fn": {"log_move_cost": 1, "model_move_cost": 1, "silent_move_cost": 0, "sync_move_cost": 0},
    "max_states": STATES,
}


FEWEST_AT_ONCE, BATCH_S = 8, 0.5
"""Traces in the first batch; and seconds that a batch should not take much longer than."""
Trace = tuple[str, ...]


@dataclass(frozen=True)
class Fitness:
    """How much of a log's behaviour a model explains."""

    fitness: float | None
    """1 − cost of all deviations / cost if nothing fitted (Adriansyah 2014); absent without a way to end."""
    measured: float
    """Share of cases it was measured on."""


@dataclass(frozen=True)
class Move:
    """One deviation: an activity that the model wants and the trace lacks, or the other way round."""

    kind: Literal["skipped", "extra"]
    activity: str
    after: str | None
    """What the case did before it; absent at the start."""


@dataclass(frozen=True)
class Alignment:
    """One of the cheapest ways to make a trace one that the net accepts."""

    moves: "tuple[Move, ...]"

    @property
    def cost(self) -> int:
        """The activities to skip or insert."""
        return len(self.moves)


class Aligner:
    """Aligns traces with one net.

    The library reads the net anew at each call, which takes longer than most searches: so traces go to it
    in batches, as many at once as about `BATCH_S` allow.
    """

    def __init__(self, net: Net) -> None:
        self._net = _as_r4pm(net)
        self._labels = {t["id"]: t["label"] for t in self._net["transitions"].values()}

    def shortest(self) -> int | None:
        """The fewest activities of a trace that the net accepts; `None` where it has no way to end."""
        from r4pm.bindings.conformance.case_centric import alignments

        try:
            return int(alignments.align_empty_trace(self._net, _OPTIONS)["cost"])
        except TypeError:  # the library's way of saying that the search found nothing or was stopped
            return None

    def align(self, traces: Iterable[Trace], until: float = inf) -> Iterator[Alignment | None]:
        """An optimal alignment of each trace that is not empty, in order.

        `None` for one whose search passes the limit of states, and for those whose turn does not come until
        the clock `monotonic` says `until`.
        """
        rest, many = iter(traces), FEWEST_AT_ONCE
        while batch := list(islice(rest, many)):
            begun = monotonic()
            if begun >= until:
                yield from repeat(None, len(batch))
                continue
            yield from self._together(batch)
            many = max(FEWEST_AT_ONCE, many // 2) if monotonic() - begun > BATCH_S else many * 2

    def _together(self, batch: list[Trace]) -> list[Alignment | None]:
        import r4pm
        from r4pm.bindings.conformance.case_centric import alignments

        number = {activity: i for i, activity in enumerate({a: None for trace in batch for a in trace})}
        known = dict.fromkeys(batch)
        projection = {
            "activities": list(number),
            "act_to_index": number,
            "traces": [[[number[activity] for activity in trace], 1] for trace in known],
        }
        with TemporaryDirectory() as folder:  # the library takes traces from files only
            file = Path(folder, "traces.json")
            file.write_text(json.dumps(projection), encoding="utf-8")
            item = r4pm.import_item("EventLogActivityProjection", str(file))
        try:
            found = alignments.align_variants(self._net, item, _OPTIONS)
        finally:
            r4pm.remove_item(item)
        aligned = {tuple(each["activities"]): each["result"].get("Ok") for each in found}
        return [self._read(aligned.get(trace), trace) for trace in batch]

    def _read(self, found: Any, trace: Trace) -> Alignment | None:
        return None if found is None else Alignment(tuple(_moves(found["moves"], trace, self._labels)))


def _moves(
    found: list[dict[str, Any]], trace: tuple[str, ...], labels: Mapping[str, str | None]
) -> Iterator[Move]:
    after: str | None = None
    for move in found:
        if "ModelMove" in move:
            activity = labels[move["ModelMove"]["transition"]]
            if activity is not None:
                yield Move("skipped", activity, after)
            continue
        if "LogMove" in move:
            yield Move("extra", trace[move["LogMove"]["trace_event_index"]], after)
        (position,) = (details["trace_event_index"] for details in move.values())
        after = trace[position]


def alignment_fitness(
    net: Net,
    variants: Mapping[tuple[str, ...], int],
    *,
    accepts: Callable[[tuple[str, ...]], bool] = lambda _: False,
    budget_s: float = 20.0,
) -> Fitness:
    """Fitness over all cases, commonest variants first until the budget is spent.

    Variants that `accepts` says the model accepts cost nothing and are not aligned.
    """
    total = sum(variants.values())
    aligner, until = Aligner(net), monotonic() + budget_s
    shortest = aligner.shortest()
    if shortest is None or not total:
        return Fitness(None, 0.0)
    deviating = sorted((v for v in variants if not accepts(v)), key=lambda v: -variants[v])
    costs = dict.fromkeys(variants, 0) | {
        variant: None if found is None else found.cost
        for variant, found in zip(deviating, aligner.align(deviating, until), strict=True)
    }
    cost = worst = measured = 0
    for variant, cases in variants.items():
        if (found := costs[variant]) is not None:
            cost += found * cases
            worst += (len(variant) + shortest) * cases
            measured += cases
    return Fitness(1 - cost / worst if worst else None, measured / total)


def _as_r4pm(net: Net) -> Any:
    """The net as the library wants it: places and transitions named by UUIDs."""
    places = [str(uuid.UUID(int=number)) for number in range(net.places)]
    transitions, arcs = {}, []
    for number, transition in enumerate(net.transitions, start=net.places):
        name = str(uuid.UUID(int=number))
        transitions[name] = {"id": name, "label": transition.label}
        arcs += [_arc("PlaceTransition", places[place], name) for place in transition.takes]
        arcs += [_arc("TransitionPlace", name, places[place]) for place in transition.gives]
    return {
        "places": {place: {"id": place} for place in places},
        "transitions": transitions,
        "arcs": arcs,
        "initial_marking": {places[place]: net.start.count(place) for place in net.start},
        "final_markings": [{places[place]: net.end.count(place) for place in net.end}],
    }


def _arc(kind: str, source: str, target: str) -> dict[str, Any]:
    return {"from_to": {"type": kind, "nodes": [source, target]}, "weight": 1}

"""Alignments of variants with a model: what deviating costs, within a budget of time."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from mining.petri_net import Net

STATES = 200_000
"""Most states one search may visit."""
_OPTIONS: Any = {
    "cost_fn": {"log_move_cost": 1, "model_move_cost": 1, "silent_move_cost": 0, "sync_move_cost": 0},
    "max_states": STATES,
}


@dataclass(frozen=True)
class Fitness:
    """How much of a log's behaviour a model explains."""

    fitness: float | None
    """1 − cost of all deviations / cost if nothing fitted (Adriansyah 2014); absent without a way to end."""
    measured: float
    """Share of cases it was measured on."""


class Aligner:
    """Aligns traces with one net."""

    def __init__(self, net: Net) -> None:
        self._net = _as_r4pm(net)

    def cost(self, trace: tuple[str, ...]) -> int | None:
        """The fewest activities to skip or insert so that the net accepts; `None` past the limit."""
        from r4pm.bindings.conformance.case_centric import alignments

        try:
            if not trace:
                return int(alignments.align_empty_trace(self._net, _OPTIONS)["cost"])
            return int(alignments.align_trace(self._net, list(trace), _OPTIONS)["cost"])
        except TypeError:  # the library's way of saying that the search found nothing or was stopped
            return None


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
    aligner = Aligner(net)
    shortest = aligner.cost(())
    if shortest is None or not total:
        return Fitness(None, 0.0)
    cost = worst = measured = 0
    until = monotonic() + budget_s
    for variant, cases in sorted(variants.items(), key=lambda each: -each[1]):
        found = 0 if accepts(variant) else aligner.cost(variant) if monotonic() < until else None
        if found is not None:
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

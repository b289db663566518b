"""PM4Py in our own words: the only module that imports it."""

import os
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("PM4PY_SHOW_PROGRESS_BAR", "False")

from pm4py.algo.discovery.heuristics.variants import classic as heuristics
from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
from pm4py.algo.discovery.inductive.variants.im import IMUVCL
from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL, IMFParameters
from pm4py.objects.conversion.heuristics_net.variants.to_petri_net import apply as net_of_heuristics
from pm4py.objects.conversion.wf_net.variants import to_process_tree
from pm4py.objects.petri_net.obj import Marking, PetriNet
from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to as add_arc
from pm4py.objects.process_tree.obj import Operator, ProcessTree
from pm4py.util.compression.dtypes import UVCL

from mining import tree as trees
from mining.aggregates import Aggregates
from mining.petri_net import Net, Transition
from mining.tree import Tree


def inductive_tree(variants: Mapping[tuple[str, ...], int], noise: float = 0.0) -> Tree:
    """The tree that the inductive miner finds (Leemans et al. 2013); with `noise`, its infrequent form.

    `variants` maps sequences of activities to cases. Raises `ValueError` when there are none.
    """
    if not variants:
        raise ValueError("There are no variants to discover a tree from.")
    counted = UVCL()
    for variant, cases in variants.items():
        counted[variant] = cases
    data = IMDataStructureUVCL(counted)
    parameters = {IMFParameters.NOISE_THRESHOLD: noise}
    miner = IMFUVCL(parameters) if noise else IMUVCL(parameters)
    return _tree(miner.apply(data, parameters))


def heuristics_net(log: Aggregates, noise: float = 0.0) -> tuple[Net, Tree | None]:
    """The net that the heuristics miner finds (Weijters et al. 2006), and its tree where it has one.

    `noise` is the share of an activity's commonest flow below which its other flows are left out first.
    """
    # Activities go in under short names: the conversion to a tree spoils names with quotes in them.
    names = dict(enumerate(sorted(log.activities)))
    short = {name: f"a{number}" for number, name in names.items()}
    triples = {tuple(short[a] for a in triple): n for triple, n in log.triples.items()}
    around: dict[tuple[str, str], int] = {}
    for (first, _, third), events in triples.items():
        around[first, third] = around.get((first, third), 0) + events
    found = heuristics.apply_heu_dfg(
        {(short[a], short[b]): n for (a, b), n in log.flows.items()},
        activities=list(short.values()),
        activities_occurrences={short[a]: n for a, n in log.activities.items()},
        start_activities={short[a]: n for a, n in log.starts.items()},
        end_activities={short[a]: n for a, n in log.ends.items()},
        dfg_window_2=around,
        freq_triples=triples,
        parameters={heuristics.Parameters.DFG_PRE_CLEANING_NOISE_THRESH: noise},
    )
    petri, start, end = net_of_heuristics(found)
    tree = _tree_of_net(petri, start, end)
    for transition in petri.transitions:
        transition.label = transition.label and names[int(transition.label[1:])]
    return _net(petri, start, end), tree and _renamed(tree, names)


def tree_of_net(net: Net) -> Tree | None:
    """The process tree with the language of a net; absent where the net is not block-structured."""
    petri = PetriNet("net")
    places = [PetriNet.Place(f"p{number}") for number in range(net.places)]
    petri.places.update(places)
    names: dict[int, str] = {}
    for number, transition in enumerate(net.transitions):
        # Short names, as above: the conversion spoils names with quotes in them.
        label = None if transition.label is None else f"a{number}"
        names |= {} if transition.label is None else {number: transition.label}
        made = PetriNet.Transition(f"t{number}", label)
        petri.transitions.add(made)
        for place in transition.takes:
            add_arc(places[place], made, petri)
        for place in transition.gives:
            add_arc(made, places[place], petri)
    start, end = (Marking({places[p]: 1 for p in marking}) for marking in (net.start, net.end))
    found = _tree_of_net(petri, start, end)
    return found and _renamed(found, names)


def _renamed(tree: Tree, names: Mapping[int, str]) -> Tree:
    if tree.operator == "leaf":
        return trees.leaf(names[int(str(tree.activity)[1:])])
    return Tree(tree.operator, tuple(_renamed(child, names) for child in tree.children))


def _tree_of_net(petri: Any, start: Any, end: Any) -> Tree | None:
    if len(petri.transitions) == 1:  # the conversion cannot read back the single name that it has written
        (only,) = petri.transitions
        return trees.silent() if only.label is None else trees.leaf(only.label)
    try:
        return _tree(to_process_tree.apply(petri, start, end))
    except ValueError:  # not block-structured
        return None


def _net(petri: Any, start: Any, end: Any) -> Net:
    number = {place: i for i, place in enumerate(sorted(petri.places, key=lambda p: p.name))}

    def places(marking: Any) -> tuple[int, ...]:
        return tuple(sorted(number[place] for place, tokens in marking.items() for _ in range(tokens)))

    transitions = tuple(
        Transition(
            t.label,
            tuple(sorted(number[arc.source] for arc in t.in_arcs for _ in range(arc.weight))),
            tuple(sorted(number[arc.target] for arc in t.out_arcs for _ in range(arc.weight))),
        )
        for t in sorted(petri.transitions, key=lambda t: (t.label or "", t.name))
    )
    return Net(len(number), transitions, places(start), places(end))


def _tree(found: ProcessTree) -> Tree:
    operator: Any = found.operator
    if operator is None:
        return trees.silent() if found.label is None else trees.leaf(found.label)
    children = [_tree(child) for child in found.children]
    if operator == Operator.SEQUENCE:
        return trees.sequence(*children)
    if operator == Operator.PARALLEL:
        return trees.parallel(*children)
    if operator == Operator.XOR:
        return trees.choice(*children)
    if operator == Operator.LOOP:
        return trees.loop(children[0], trees.choice(*children[1:]))
    raise ValueError(f"The inductive miner returned an operator {operator.name} that it does not have.")

"""`baton discover`: a model of the process, and how well it describes the log."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from home.context import Context
from home.errors import Refused, UsageError
from mining import petri_net
from mining.aggregates import Aggregates, aggregates, counted
from mining.alignments import alignment_fitness
from mining.bpmn import to_bpmn
from mining.bpmn_blocks import of_tree
from mining.bpmn_graph import graph_of
from mining.contracts import Discovered, DiscoverRequest
from mining.derivatives import Automaton, Replayable, TooManyStates, Trie, Variants, accepts, measure
from mining.errors import ModelError
from mining.floating import grow_beside_floating, without
from mining.generalisation import generalisation
from mining.lens import lens
from mining.petri_net import Net, NetAutomaton
from mining.split_miner import split_net
from mining.tree import Tree
from mining.variants import variant_counts

MOST_VARIANTS = 20_000
"""Commonest variants that the figures are measured on."""
MOST_ACTIVITIES = 1_000
"""More of them make no model: miners take minutes and longer, and nobody can read what comes out."""
FROM_FLOWS = ("heuristics", "split")
"""Miners that are told flows rather than variants."""
VERDICTS = {"plan": "good enough to plan", "pilot": "good enough for a pilot", "refuse": "not enough to plan"}


@dataclass(frozen=True)
class Model:
    """What was discovered: a net, and its tree where it has one."""

    net: Net
    tree: Tree | None
    message: str = ""
    beside: tuple[str, ...] = ()
    """Activities that may happen at any time and that the model leaves out."""


def discover(context: Context, request: DiscoverRequest) -> Discovered:
    """Discover a model from the variants of a log.

    `inductive` always finds a sound process tree; `heuristics` and `split` find a net that need not be
    sound; `grow` finds the precise tree that plans are made from. Fitness is by alignments (Adriansyah 2014),
    precision by escaping edges (Muñoz-Gama and Carmona 2010), coverage the share of cases accepted
    exactly, generalisation from how often each activity was done (Buijs et al. 2012).
    """
    if request.miner == "grow" and request.noise:
        raise UsageError("--noise has no meaning for --miner grow, which weighs every variant by itself.")
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        counts = variant_counts(view.cursor)
        seen = aggregates(view.cursor) if request.miner in FROM_FLOWS else None
    context.job.progress(None, f"Discovering a model of {request.log}")
    found = context.compute(
        discovered, request.log, request.miner, counts, seen, request.noise, request.budget_s
    )
    if request.bpmn is None:
        return found.model_copy(update={"content": None})
    if found.content is None:
        raise ModelError(
            f"BPMN cannot say what this model of {request.log!r} says: a choice in it depends on what else is"
            " ready, or a part of it is never reached.",
            hint="Use --miner split, inductive or grow.",
        )
    return found


def discovered(
    log: str, miner: str, counts: Variants, seen: Aggregates | None, noise: float | None, budget_s: float
) -> Discovered:
    """Discover and measure; plain data in and out."""
    model = _model(miner, counts, seen, noise)
    shown = dict(islice(sorted(counts.items(), key=lambda each: -each[1]), MOST_VARIANTS))
    known = sum(shown.values()) / sum(counts.values())
    if model.beside:
        shown = without(shown, set(model.beside))
    message = model.message
    automaton: Replayable = Automaton(model.tree) if model.tree else NetAutomaton(model.net)
    fits: Callable[[tuple[str, ...]], bool] = lambda _: False  # noqa: E731
    coverage = precision = None
    try:
        found = measure(automaton, Trie.of(shown))
        coverage, precision = found.fitness, found.precision
        fits = lambda variant: accepts(automaton, variant)  # noqa: E731
    except TooManyStates as error:
        message = f"{message} {error.message}".strip()
    fitness = alignment_fitness(model.net, shown, accepts=fits, budget_s=budget_s)
    flaw = _flaw(model)
    tree = model.tree
    try:
        content = to_bpmn(of_tree(tree) if tree else graph_of(model.net), log)
    except ModelError:
        content = None
    return Discovered(
        log=log,
        miner=miner,
        process_tree=str(tree) if tree else None,
        sound=not flaw,
        fitness=fitness.fitness,
        precision=precision,
        generalisation=generalisation(_activities(model), counts),
        coverage=coverage,
        size=petri_net.size(model.net) if tree is None else _size(tree),
        cfc=tree.control_flow_complexity if tree else petri_net.control_flow_complexity(model.net),
        measured=known * fitness.measured,
        message=f"{message} {flaw}".strip(),
        content=content,
    )


def model_of(miner: str, counts: Variants, noise: float | None = None) -> Tree | Net:
    """The tree, or the net where there is no tree, that a miner finds from variants alone."""
    found = _model(miner, counts, counted(counts) if miner in FROM_FLOWS else None, noise)
    return found.tree or found.net


def _model(miner: str, counts: Variants, seen: Aggregates | None, noise: float | None) -> Model:
    from mining._pm4py import heuristics_net, inductive_tree, tree_of_net

    names = len(set().union(*counts))
    if names > MOST_ACTIVITIES:
        raise Refused(
            f"The log has {names:,} activities; a model is discovered from {MOST_ACTIVITIES:,} at most.",
            hint="Merge or hide activities with `baton shape`, or keep some cases with --where.",
        )
    if seen is not None and miner == "split":
        net = split_net(seen) if noise is None else split_net(seen, noise)
        return _net_or_tree(net, tree_of_net(net))
    if seen is not None:
        return _net_or_tree(*heuristics_net(seen, noise or 0.0))
    if miner == "grow":
        grown = grow_beside_floating(counts)
        message = f"Verdict: {VERDICTS[grown.verdict]}."
        if grown.floating:
            message = f"At any time beside it: {', '.join(grown.floating)}. {message}"
        return Model(petri_net.of_tree(grown.tree), grown.tree, message, grown.floating)
    tree = inductive_tree(counts, noise or 0.0)
    return Model(petri_net.of_tree(tree), tree)


def _net_or_tree(net: Net, tree: Tree | None) -> Model:
    """The tree where the net has one: it says the same, and is sound by construction."""
    return Model(net, tree, "" if tree else "The net is not block-structured, so it has no process tree.")


def _activities(model: Model) -> set[str]:
    if model.tree:
        return set(model.tree.alphabet)
    return {each.label for each in model.net.transitions if each.label is not None}


def _flaw(model: Model) -> str:
    """Why the model is not sound; empty where it is. A process tree always is."""
    try:
        return "" if model.tree else petri_net.unsoundness(model.net)
    except TooManyStates:
        return "It has too many states to show that it is sound."


def _size(tree: Tree) -> int:
    """Activities, gateways and the two events of the tree as BPMN."""
    blocks = sum(node.operator in ("choice", "parallel", "loop") for node in tree.nodes())
    return tree.leaves + 2 * blocks + 2

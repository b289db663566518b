"""`baton discover`: a model of the process, and how well it describes the log."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from home.context import Context
from home.errors import NotAvailable, UsageError
from mining import petri_net
from mining.aggregates import Aggregates, aggregates
from mining.alignments import alignment_fitness
from mining.bpmn import to_bpmn
from mining.bpmn_blocks import of_tree
from mining.contracts import Discovered, DiscoverRequest
from mining.derivatives import Automaton, Replayable, TooManyStates, Trie, Variants, measure
from mining.floating import grow_beside_floating, without
from mining.lens import lens
from mining.petri_net import Net, NetAutomaton
from mining.tree import Tree
from mining.variants import variant_counts

MOST_VARIANTS = 20_000
"""Commonest variants that the figures are measured on."""
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

    `inductive` always finds a sound process tree; `heuristics` finds a net that need not be sound;
    `grow` finds the precise tree that plans are made from. Fitness is by alignments (Adriansyah 2014),
    precision by escaping edges (Muñoz-Gama and Carmona 2010), coverage the share of cases accepted
    exactly.
    """
    if request.miner == "split":
        raise NotAvailable("The split miner", hint="Use --miner inductive, heuristics or grow.")
    if request.miner == "grow" and request.noise:
        raise UsageError("--noise has no meaning for --miner grow, which weighs every variant by itself.")
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        counts = variant_counts(view.cursor)
        seen = aggregates(view.cursor) if request.miner == "heuristics" else None
    context.job.progress(None, f"Discovering a model of {request.log}")
    found = context.compute(
        discovered, request.log, request.miner, counts, seen, request.noise, request.budget_s
    )
    if request.bpmn is None:
        return found.model_copy(update={"content": None})
    if found.process_tree is None:
        raise NotAvailable(
            "BPMN of a model that is not block-structured", hint="Use --miner inductive or grow."
        )
    return found


def discovered(
    log: str, miner: str, counts: Variants, seen: Aggregates | None, noise: float, budget_s: float
) -> Discovered:
    """Discover and measure; plain data in and out."""
    model = _model(miner, counts, seen, noise)
    shown = dict(islice(sorted(counts.items(), key=lambda each: -each[1]), MOST_VARIANTS))
    known = sum(shown.values()) / sum(counts.values())
    if model.beside:
        shown = without(shown, set(model.beside))
    message = model.message
    automaton: Replayable = Automaton(model.tree) if model.tree else NetAutomaton(model.net)
    accepts: Callable[[tuple[str, ...]], bool] = lambda _: False  # noqa: E731
    coverage = precision = None
    try:
        found = measure(automaton, Trie.of(shown))
        coverage, precision = found.fitness, found.precision
        accepts = lambda variant: _accepts(automaton, variant)  # noqa: E731
    except TooManyStates as error:
        message = f"{message} {error.message}".strip()
    fitness = alignment_fitness(model.net, shown, accepts=accepts, budget_s=budget_s)
    flaw = _flaw(model)
    tree = model.tree
    return Discovered(
        log=log,
        miner=miner,
        process_tree=str(tree) if tree else None,
        sound=not flaw,
        fitness=fitness.fitness,
        precision=precision,
        coverage=coverage,
        size=petri_net.size(model.net) if tree is None else _size(tree),
        cfc=tree.control_flow_complexity if tree else petri_net.control_flow_complexity(model.net),
        measured=known * fitness.measured,
        message=f"{message} {flaw}".strip(),
        content=to_bpmn(of_tree(tree), log) if tree else None,
    )


def _model(miner: str, counts: Variants, seen: Aggregates | None, noise: float) -> Model:
    from mining._pm4py import heuristics_net, inductive_tree

    if seen is not None:
        net, tree = heuristics_net(seen, noise)
        return Model(net, tree, "" if tree else "The net is not block-structured, so it has no process tree.")
    if miner == "grow":
        grown = grow_beside_floating(counts)
        message = f"Verdict: {VERDICTS[grown.verdict]}."
        if grown.floating:
            message = f"At any time beside it: {', '.join(grown.floating)}. {message}"
        return Model(petri_net.of_tree(grown.tree), grown.tree, message, grown.floating)
    tree = inductive_tree(counts, noise)
    return Model(petri_net.of_tree(tree), tree)


def _accepts(automaton: Replayable, variant: tuple[str, ...]) -> bool:
    state = automaton.start
    for activity in variant:
        state = automaton.step(state, activity)
        if not state:
            return False
    return automaton.accepting(state)


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

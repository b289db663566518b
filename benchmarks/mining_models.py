"""Discovery from variants, and alignments: against PM4Py on the whole log and its quickest Dijkstra.

python -m benchmarks.mining_models [--events 10000000] [--traces 300] [--seed 7]

The models must be equal. Alignments are those of variants that the model does not accept, with the same net
for both, and their costs must be equal wherever both come to an end.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import mined, pm4pys
from benchmarks.measuring import Cost, Row, measured, typical
from benchmarks.table import show

DIJKSTRAS = ("DIJKSTRA_LESS_MEMORY", "DIJKSTRA_NO_HEURISTICS")
"""Its variants that search without solving equations first."""
A_MOVE = 10_000
"""What PM4Py charges for a deviation; a silent step costs it one."""


def _deviating(folder: str, traces: int) -> Iterator[Any]:
    """Commonest variants that the model rejects."""
    from mining.derivatives import Automaton
    from mining.discover import model_of
    from mining.lens import lens
    from mining.variants import variant_counts

    yield 0
    context = mined.open_home(folder)
    with lens(context, mined.LOG) as view:
        counts = variant_counts(view.cursor)
    context.stores.close()
    automaton = Automaton(model_of("inductive", counts, mined.NOISE))  # type: ignore[arg-type]
    rejected = [list(variant) for variant in counts if not automaton.accepts(variant)]
    Path(folder, "deviating.json").write_text(json.dumps([[list(v), n] for v, n in counts.items()]))
    yield rejected[: traces // 2] + rejected[-(traces // 2) :]


def _net(folder: str) -> Any:
    """The net that both align with, as PM4Py holds it."""
    import pm4py

    from mining._pm4py import IMFUVCL, UVCL, IMDataStructureUVCL, IMFParameters

    counted = UVCL()
    for variant, cases in json.loads(Path(folder, "deviating.json").read_text()):
        counted[tuple(variant)] = cases
    parameters = {IMFParameters.NOISE_THRESHOLD: mined.NOISE}
    tree = IMFUVCL(parameters).apply(IMDataStructureUVCL(counted), parameters)
    return pm4py.convert_to_petri_net(tree)


def ours(folder: str, traces: list[list[str]]) -> Iterator[Any]:
    """What each trace's deviations cost, as Baton aligns."""
    from mining import _pm4py
    from mining.alignments import Aligner

    aligner = Aligner(_pm4py._net(*_net(folder)))
    aligner.shortest()
    yield 0
    yield [found and found.cost for found in aligner.align(map(tuple, traces))]


def theirs(folder: str, traces: list[list[str]], variant: str) -> Iterator[Any]:
    """The same as PM4Py aligns."""
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.objects.log.obj import Event, Trace

    net = _net(folder)
    logs = [Trace([Event({pm4pys.ACTIVITY: activity}) for activity in trace]) for trace in traces]
    how = getattr(algorithm.Variants, f"VERSION_{variant}")
    yield 0
    found = [algorithm.apply_trace(trace, *net, variant=how) for trace in logs]
    yield [None if each is None else each["cost"] // A_MOVE for each in found]


ALIGNED = 1_000_000
"""Events in the largest log whose variants are aligned: with the net of one ten times as large PM4Py was not
done after a quarter of an hour."""


def run(events: int = 10_000_000, traces: int = 300, seed: int = mined.SEED) -> list[Row]:
    """The rows of this benchmark."""
    with mined.generated_home(events, seed) as folder:
        pm4pys.prepared(folder)
        found = typical(mined.asked, folder, "inductive")
        whole = measured(pm4pys.asked, folder, "inductive")
        if found.answer != whole.answer:
            raise ValueError(f"Baton finds {found.answer}, PM4Py {whole.answer}.")
        told = f"inductive miner, noise {mined.NOISE:g}, {events:,} events"
        row = Row(told, found, "PM4Py on the whole log", whole, below_cpu_s=1.0)
        if events > ALIGNED:
            return [row]
        rejected = measured(_deviating, folder, traces).answer
        aligned = measured(ours, folder, rejected)
        against = {name: measured(theirs, folder, rejected, name) for name in DIJKSTRAS}
    best = min(against, key=lambda name: against[name].cpu_s)
    for cost in against.values():
        _compare(aligned, cost)
    aligning = f"alignments of {len(rejected):,} deviating variants"
    return [
        row,
        Row(aligning, aligned, f"PM4Py, {best.lower()}", against[best], faster=5),
    ]


def _compare(ours: Cost, theirs: Cost) -> None:
    both = [pair for pair in zip(ours.answer, theirs.answer, strict=True) if None not in pair]
    different = sum(a != b for a, b in both)
    if different or not both:
        raise ValueError(f"{different} of {len(both)} alignments cost other than PM4Py's.")


SIZES = (1_000_000, 10_000_000)


def sized(events: int) -> list[Row]:
    """The rows with a log of `events`."""
    return run(events)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--seed", type=int, default=mined.SEED)
    show(run(**vars(parser.parse_args())))

"""The questions of the mining benchmarks as PM4Py answers them, on a DataFrame that is loaded already."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.mined import NOISE, REGIONS, told

CASE, ACTIVITY, START, END = "case:concept:name", "concept:name", "start_timestamp", "time:timestamp"


def formatted(folder: str) -> Iterator[int]:
    """Write the log as PM4Py formats it, once for all questions: loading it is not measured.

    Instances stand in the order of their starts, as Baton takes them.
    """
    import pandas as pd
    import pm4py

    yield 0
    log = pd.read_parquet(f"{folder}/log.parquet", columns=[CASE, ACTIVITY, START, END, "case:region"])
    for column in (START, END):
        log[column] = log[column].dt.tz_localize("UTC")
    log = pm4py.format_dataframe(log).sort_values([CASE, START, END], kind="stable", ignore_index=True)
    log.to_parquet(f"{folder}/pm4py.parquet")
    yield len(log)


def asked(folder: str, question: str) -> Iterator[Any]:
    """What PM4Py answers, in the shape of `benchmarks.mined.asked`."""
    import pandas as pd
    import pm4py  # noqa: F401

    log = pd.read_parquet(f"{folder}/pm4py.parquet")
    yield 0
    yield QUESTIONS[question](log)


def prepared(folder: str) -> None:
    """See to it that the formatted log is there."""
    from benchmarks.measuring import measured

    if not Path(f"{folder}/pm4py.parquet").exists():
        measured(formatted, folder)


def _map(log: Any) -> list[Any]:
    import pm4py

    flows, starts, ends = pm4py.discover_dfg(log, timestamp_key=START)
    found: list[Any] = [[a, b, int(n)] for (a, b), n in flows.items()]
    found += [["start", a, int(n)] for a, n in starts.items()]
    return found + [["end", a, int(n)] for a, n in ends.items()]


def _filtered(log: Any) -> list[Any]:
    import pm4py

    return _map(pm4py.filter_trace_attribute_values(log, "case:region", list(REGIONS)))


def _variants(log: Any) -> list[Any]:
    import pm4py

    return list(pm4py.get_variants(log, timestamp_key=START).items())


def _performance(log: Any) -> list[Any]:
    from pm4py.algo.discovery.dfg.adapters.pandas.df_statistics import get_dfg_graph

    found = get_dfg_graph(
        log, measure="performance", start_timestamp_key=START, timestamp_key=END, perf_aggregation_key="all"
    )
    return [[a, b, times["mean"], times["median"]] for (a, b), times in found.items()]


def _inductive(log: Any) -> str:
    import pm4py

    from mining._pm4py import _tree

    return told(_tree(pm4py.discover_process_tree_inductive(log, noise_threshold=NOISE, timestamp_key=START)))


QUESTIONS = {
    "map": _map,
    "filtered map": _filtered,
    "variants": _variants,
    "performance": _performance,
    "inductive": _inductive,
}

"""On public logs, our figures equal PM4Py's."""

from collections import Counter

import pandas as pd
import pytest

from ingest.contracts import IngestRequest
from ingest.load import ingest
from mining.contracts import DiscoverRequest, MapRequest, VariantsRequest
from mining.directly_follows import process_map
from mining.discover import discover
from mining.rework import ReworkRequest, rework
from mining.variants import variants

pytestmark = pytest.mark.logs


@pytest.fixture(scope="module", params=["running-example", "receipt"])
def log(request, shelf, public_logs):
    """The log as PM4Py holds it, and the name of ours."""
    import pm4py

    path = public_logs / f"{request.param}.csv"
    ingest(shelf.context, IngestRequest(source=str(path), log=request.param))
    frame = pd.read_csv(path, dtype={"case:concept:name": str})
    frame["time:timestamp"] = pd.to_datetime(frame["time:timestamp"], utc=True, format="ISO8601")
    return pm4py.format_dataframe(frame), request.param


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


def test_map(context, log):
    import pm4py

    frame, name = log
    flows, starts, ends = pm4py.discover_dfg(frame)
    found = process_map(context, MapRequest(log=name))
    assert {(f.source, f.target): f.events for f in found.flows} == dict(flows)
    assert {b.activity: b.cases for b in found.starts} == dict(starts)
    assert {b.activity: b.cases for b in found.ends} == dict(ends)
    means, _, _ = pm4py.discover_performance_dfg(frame)
    ours = {(f.source, f.target): f for f in found.flows}
    for flow, times in means.items():
        assert ours[flow].mean_s == pytest.approx(times["mean"], abs=0.01)
        assert ours[flow].median_s == pytest.approx(times["median"], abs=0.01)


def test_variants(context, log):
    import pm4py

    frame, name = log
    found = variants(context, VariantsRequest(log=name))
    theirs = {tuple(v): n for v, n in pm4py.get_variants(frame).items()}
    assert {tuple(v.activities): v.cases for v in found.variants} == theirs


def test_the_inductive_tree(context, log):
    import pm4py

    from mining._pm4py import _tree

    frame, name = log
    for noise in (0.0, 0.2):
        theirs = _tree(pm4py.discover_process_tree_inductive(frame, noise_threshold=noise))
        ours = discover(context, DiscoverRequest(log=name, noise=noise)).process_tree
        assert Counter(ours) == Counter(str(theirs))


def test_alignment_fitness(context, log):
    import pm4py

    from mining._pm4py import inductive_tree
    from mining.alignments import alignment_fitness
    from mining.petri_net import of_tree

    frame, _ = log
    counts = {tuple(v): n for v, n in pm4py.get_variants(frame).items()}
    common = dict(sorted(counts.items(), key=lambda each: -each[1])[:12])
    tree = pm4py.discover_process_tree_inductive(frame, noise_threshold=0.4)
    net, start, end = pm4py.convert_to_petri_net(tree)
    kept = frame[frame.groupby("case:concept:name")["concept:name"].transform(lambda s: tuple(s) in common)]
    theirs = pm4py.fitness_alignments(kept, net, start, end)["log_fitness"]
    ours = alignment_fitness(of_tree(inductive_tree(counts, 0.4)), common)
    # PM4Py also charges a ten-thousandth for every silent step.
    assert ours.fitness == pytest.approx(theirs, abs=1e-3)


def test_rework(context, log):
    import pm4py

    frame, name = log
    found = rework(context, ReworkRequest(log=name))
    assert {a.activity: a.cases for a in found.activities} == pm4py.get_rework_cases_per_activity(frame)

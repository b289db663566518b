"""The split miner: which flows of a log are work side by side, and which are worth keeping.

After Augusto, Conforti, Dumas, La Rosa and Polyvyanyy, "Split miner: automated discovery of accurate and
simple business process models from event logs", Knowledge and Information Systems 59 (2019).
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from mining.aggregates import Aggregates
from mining.gateways import END, START, Graph, Node, net_of
from mining.petri_net import Net

CONCURRENCY = 0.1
"""Two flows back and forth are work side by side when their counts differ by less than this share (ε)."""
PERCENTILE = 0.4
"""Flows less frequent than this percentile of each activity's best flows are left out (η)."""

Flow = tuple[Node, Node]


@dataclass(frozen=True)
class Flows:
    """The flows of a log without those between activities that are done side by side."""

    counts: Mapping[Flow, int]
    """From node to node, the start and the end of a case among them."""
    dropped: Mapping[Flow, int]
    """Flows that only show that two activities happen in any order, or the rarer of two directions."""
    concurrent: frozenset[Flow]
    """Both directions of each pair that is done side by side."""
    repeating: frozenset[str]
    """Activities that follow themselves."""


def split_net(log: Aggregates, percentile: float = PERCENTILE, concurrency: float = CONCURRENCY) -> Net:
    """The Petri net that the split miner finds; every activity is on a path from start to end.

    `percentile` is η and `concurrency` ε of the paper. Joins are found by what their flows come from last
    (nearest common dominator) in place of the paper's inclusive gateways, which no Petri net has.
    """
    seen = side_by_side(log, concurrency)
    kept = worth_keeping(seen, percentile)
    return net_of(Graph(kept, seen.concurrent, seen.repeating))


def side_by_side(log: Aggregates, concurrency: float = CONCURRENCY) -> Flows:
    """Tell concurrency from loops: `a b` about as often as `b a`, but not `a b a`, is concurrency."""
    repeating = frozenset(a for a, b in log.flows if a == b)
    counts: dict[Flow, int] = {(a, b): n for (a, b), n in log.flows.items() if a != b and n > 0}
    short_loops = {
        frozenset((a, b))
        for (a, b, c), n in log.triples.items()
        if a == c != b and n > 0 and not {a, b} & repeating
    }
    concurrent: set[Flow] = set()
    dropped: dict[Flow, int] = {}
    for a, b in [pair for pair in counts if pair[0] < pair[1] and (pair[1], pair[0]) in counts]:
        there, back = counts[a, b], counts[b, a]
        if frozenset((a, b)) in short_loops:
            continue
        if abs(there - back) / (there + back) < concurrency:
            concurrent |= {(a, b), (b, a)}
            dropped |= {(a, b): counts.pop((a, b)), (b, a): counts.pop((b, a))}
        else:
            rarer = (a, b) if there < back else (b, a)
            dropped[rarer] = counts.pop(rarer)
    counts |= {(START, a): n for a, n in log.starts.items()}
    counts |= {(a, END): n for a, n in log.ends.items()}
    return Flows(counts, dropped, frozenset(concurrent), repeating)


def worth_keeping(flows: Flows, percentile: float = PERCENTILE) -> frozenset[Flow]:
    """The best way to and from each activity, and every flow as frequent as the percentile of such flows.

    Flows about as frequent as the best one (ε) are kept with it, which the paper leaves to chance. A
    dropped flow comes back only where nothing else ties an activity to the start or the end.
    """
    weights = {flow: float(count) for flow, count in flows.counts.items()}
    most = max(flows.dropped.values(), default=0) + 1
    weights |= {flow: count / most for flow, count in flows.dropped.items()}  # all below 1
    into = _best_ways(weights, START)
    backwards = _best_ways({(b, a): weight for (a, b), weight in weights.items()}, END)
    best = {*into.values(), *((b, a) for a, b in backwards.values())}
    for flow, count in flows.counts.items():  # ties are kept whole: half of a choice would be a dead end
        rivals = (into.get(flow[1]), _turned(backwards.get(flow[0])))
        if any(r in flows.counts and flows.counts[r] * (1 - CONCURRENCY) <= count for r in rivals if r):
            best.add(flow)
    threshold = _percentile([*_heaviest(flows.counts, 0), *_heaviest(flows.counts, 1)], percentile)
    return frozenset(best | {flow for flow, count in flows.counts.items() if count >= threshold})


def _turned(flow: Flow | None) -> Flow | None:
    return flow and (flow[1], flow[0])


def _best_ways(weights: Mapping[Flow, float], origin: Node) -> dict[Node, Flow]:
    """For each node the flow by which its widest path from `origin` arrives.

    The width of a path is its rarest flow; ties go to the more frequent last flow, then to the shorter path.
    """
    out: dict[Node, list[tuple[Node, float]]] = {}
    for (a, b), weight in weights.items():
        out.setdefault(a, []).append((b, weight))
    arrived: dict[Node, Flow] = {}
    done: set[Node] = set()
    waiting: list[tuple[float, float, int, str, Node, Flow | None]] = [
        (-float("inf"), 0.0, 0, str(origin), origin, None)
    ]
    while waiting:
        width, _, length, _, node, flow = heapq.heappop(waiting)
        if node in done:
            continue
        done.add(node)
        if flow is not None:
            arrived[node] = flow
        for following, weight in out.get(node, ()):
            if following not in done:
                narrowest = max(width, -weight)
                heapq.heappush(
                    waiting,
                    (narrowest, -weight, length + 1, str(following), following, (node, following)),
                )
    return arrived


def _heaviest(counts: Mapping[Flow, int], side: int) -> list[int]:
    """The count of the most frequent flow out of (0) or into (1) each node."""
    found: dict[Node, int] = {}
    for flow, count in counts.items():
        found[flow[side]] = max(found.get(flow[side], 0), count)
    return list(found.values())


def _percentile(counts: list[int], share: float) -> float:
    """The smallest count that at least `share` of the counts do not exceed; 0 for a share of 0."""
    if not counts or share <= 0:
        return 0.0
    ranked = sorted(counts)
    return float(ranked[min(len(ranked) - 1, int(share * len(ranked)))])

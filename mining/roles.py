"""Roles: resources grouped by what they do, and the work that one role hands to another.

The profile of a resource counts how often it did each activity. Profiles are compared by cosine similarity
and joined bottom up, those most alike on average first, until no two groups are alike enough (Song and
van der Aalst 2008, "Towards comprehensive support for organizational mining").
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from home.contracts import Contract
from mining.handover import Handover

ALIKE = 0.8
"""Mean cosine similarity of the profiles of two groups, from which they are one role."""
MOST_RESOURCES = 1000
"""The busiest ones that are compared, each with each."""
TELLING = 0.1
"""Share of a role's instances from which an activity is part of what it is said to do."""


class Role(Contract):
    """Resources that do much the same."""

    role: int
    """From 1, the busiest first."""
    does: list[str]
    """What it mostly does, commonest first."""
    resources: list[str]
    """Busiest first."""
    instances: int
    share: float
    """Of the instances in view that say who did them."""


class RoleHandover(Contract):
    """A resource of `target` does the step right after one of `source`."""

    source: int
    """Number of the role."""
    target: int
    events: int
    """Times seen."""
    mean_s: float
    """From the end of the one step to the start of the next; 0 where they overlap."""


def roles(profiles: Mapping[str, Mapping[str, int]]) -> list[Role]:
    """The roles of resources, by how often each did each activity; the same profiles give the same roles."""
    total = sum(sum(done.values()) for done in profiles.values())
    busiest = sorted(profiles, key=lambda name: (-sum(profiles[name].values()), name))[:MOST_RESOURCES]
    found = []
    for members in _grouped([profiles[name] for name in busiest]):
        names = [busiest[i] for i in members]
        done: Counter[str] = Counter()
        for name in names:
            done.update(profiles[name])
        found.append((names, done))
    found.sort(key=lambda each: (-each[1].total(), each[0]))
    return [
        Role(
            role=number,
            does=_does(done),
            resources=names,
            instances=done.total(),
            share=done.total() / total,
        )
        for number, (names, done) in enumerate(found, 1)
    ]


def between(found: Sequence[Role], handovers: Iterable[Handover]) -> list[RoleHandover]:
    """What roles hand to each other, from what resources hand to each other; commonest first."""
    of = {name: role.role for role in found for name in role.resources}
    events: Counter[tuple[int, int]] = Counter()
    lain: defaultdict[tuple[int, int], float] = defaultdict(float)
    for each in handovers:
        if each.source in of and each.target in of:
            pair = of[each.source], of[each.target]
            events[pair] += each.events
            lain[pair] += each.mean_s * each.events
    ordered = sorted(events, key=lambda pair: (-events[pair], pair))
    return [
        RoleHandover(source=p[0], target=p[1], events=events[p], mean_s=lain[p] / events[p]) for p in ordered
    ]


def _does(done: Counter[str]) -> list[str]:
    common = sorted(done, key=lambda name: (-done[name], name))
    fewest = TELLING * done.total()
    return [name for name in common if done[name] >= fewest][:3] or common[:1]


def _grouped(profiles: Sequence[Mapping[str, int]]) -> list[list[int]]:
    """Groups of profiles, by their places."""
    if len(profiles) < 2:
        return [[0]] if profiles else []
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart: Any = 1 - _similarity(profiles)
    np.fill_diagonal(apart, 0)
    joined = linkage(squareform(apart.clip(0), checks=False), method="average")
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(fcluster(joined, 1 - ALIKE, criterion="distance")):
        groups[int(group)].append(place)
    return list(groups.values())


def _similarity(profiles: Sequence[Mapping[str, int]]) -> Any:
    """Cosine similarity of each pair."""
    from scipy.sparse import csr_array

    column = {name: i for i, name in enumerate(sorted({name for p in profiles for name in p}))}
    rows = [i for i, profile in enumerate(profiles) for _ in profile]
    columns = [column[name] for profile in profiles for name in profile]
    lengths = [float(np.sqrt(sum(n * n for n in profile.values()))) for profile in profiles]
    values = [
        times / length
        for profile, length in zip(profiles, lengths, strict=True)
        for times in profile.values()
    ]
    matrix = csr_array((values, (rows, columns)), shape=(len(profiles), len(column)))
    return (matrix @ matrix.T).toarray()

"""The manual queue: ways that few cases go are handled by a person instead of being automated."""

import numpy as np
import pandas as pd

from orchestrate.contracts import Change, Choice, Evidence, Move, Observed, Skip, Step
from orchestrate.plans.changes import steps
from orchestrate.plans.check import nodes
from orchestrate.redesign.as_is import first_step, quantiles
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.what_next import ways_by_row, what_next

RARE = 0.05
"""Share of cases below which a branch is rare."""


def look(draft: Draft) -> list[Move]:
    """Send each rare branch of a choice to the manual queue; the outermost where they are nested."""
    found: list[Move] = []
    inside: set[str] = set()
    ways = ways_by_row(draft.history, draft.as_is.body, draft.as_is.taken)
    for node in draft.decided():
        if not isinstance(node, Choice) or node.id in inside or node.id not in draft.as_is.taken:
            continue
        taken = draft.as_is.taken[node.id]
        for number, branch in enumerate(node.branches):
            cases = len(set(taken.case[taken.branch == number].tolist()))
            share = cases / max(draft.history.fitting, 1)
            if isinstance(branch.body, Skip) or branch.share >= RARE or share >= RARE:
                continue
            inside |= {below.id for below in nodes(branch.body)}
            found.append(_move(draft, node, number, cases, share, ways))
    return found


def _move(draft: Draft, node: Choice, number: int, cases: int, share: float, ways: pd.DataFrame) -> Move:
    branch = node.branches[number]
    names = [step.name for step in steps(branch.body)]
    taken = draft.as_is.taken[node.id]
    rows = draft.history.first[taken.case[taken.branch == number][:3]]
    ids = tuple(map(str, draft.history.frame["case"].iloc[rows]))
    step = {
        "kind": "step",
        "id": f"manual-{branch.body.id}",
        "name": f"By hand: {first_step(branch.body)}",
        "does": "manual",
        "purpose": f"A rare way ({share:.1%} of cases) that is not worth automating.",
        "instructions": f"Do what the case needs: {', '.join(names)}. Then say it is done.",
        "observed": _observed(draft, node, number, ways).model_dump(mode="json", exclude_defaults=True),
    }
    statement = f"{cases:,} of {draft.history.fitting:,} cases go this way"
    return Move(
        id=f"manual-{branch.body.id}",
        move="manual-queue",
        where=(node.id, branch.body.id),
        title=f"{first_step(branch.body)}: rare, by hand",
        grade="apply",
        accepted=True,
        support=round(share, 4),
        evidence=(Evidence(statement=statement, n=cases, value=round(share, 4), unit="share", cases=ids),),
        changes=(Change(node=node.id, set={"branches": {branch.name: {"body": step}}}),),
    )


def _observed(draft: Draft, node: Choice, number: int, ways: pd.DataFrame) -> Observed:
    """What the log showed of the whole branch: a person by hand takes as long as everybody did before."""
    frame, taken = draft.history.frame, draft.as_is.taken[node.id]
    below = list(nodes(node.branches[number].body))
    inside = frame["activity"].isin([step.name for step in below if isinstance(step, Step)]).to_numpy()
    start, end = (frame[c].to_numpy("datetime64[us]").astype(np.int64) / 1e6 for c in ("start", "end"))
    working, waiting, last = [], [], []
    for at in np.flatnonzero(taken.branch == number):
        row, stop = taken.row[at], draft.history.first[taken.case[at] + 1]
        if at + 1 < len(taken.case) and taken.case[at + 1] == taken.case[at]:
            stop = taken.row[at + 1] + 1  # the case came here once more
        own = np.flatnonzero(inside[row:stop]) + row
        if not len(own):
            continue
        worked = float((end[own] - start[own]).sum())
        since = end[row] if taken.begun[at] else start[own[0]]
        working.append(worked)
        waiting.append(max(float(end[own].max() - since) - worked, 0.0))
        last.append(own[-1])
    outside = ways.drop(columns=[part.id for part in below], errors="ignore")
    return Observed(
        n=len(last),
        processing_s=quantiles(np.array(working)),
        waiting_s=quantiles(np.array(waiting)),
        next=what_next(outside.iloc[last]),
    )

"""Bounded rework: a loop that goes round more often than nearly every case did goes to a person."""

import numpy as np

from orchestrate.contracts import Change, Evidence, Loop, Move
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.words import decision

ENOUGH = 0.99
"""Share of cases that must get by with the passes that are allowed."""


def look(draft: Draft) -> list[Move]:
    """A limit on the passes of every loop."""
    found: list[Move] = []
    for node in draft.decided():
        if not isinstance(node, Loop):
            continue
        taken = draft.as_is.taken[node.id]
        passes = taken.visit[taken.branch == 0]
        limit = max(2, int(np.quantile(passes, ENOUGH, method="higher"))) if len(passes) else 2
        beyond = float((passes > limit).mean()) if len(passes) else 0.0
        statement = f"{1 - beyond:.1%} of cases pass {limit} times or fewer; the most was {int(passes.max())}"
        found.append(
            Move(
                id=f"bound-{node.id}",
                move="bound-rework",
                where=(node.id,),
                title=f"{decision(node)}: at most {limit} passes, then the manual queue",
                grade="apply",
                accepted=True,
                support=float(len(passes)),
                evidence=(Evidence(statement=statement, n=len(passes), value=float(limit), unit="passes"),),
                changes=(Change(node=node.id, set={"max_visits": limit}),),
            )
        )
    return found

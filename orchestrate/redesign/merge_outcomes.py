"""Outcomes: activities that differ in an outcome word become one decision with outcomes."""

from orchestrate.contracts import Evidence, Move
from orchestrate.redesign.draft import Draft


def look(draft: Draft) -> list[Move]:
    """Say which decisions were merged; the as-is tree already has them."""
    found: list[Move] = []
    for decision in draft.history.merged:
        if decision.name not in draft.as_is.step_of:
            continue
        step = draft.as_is.step_of[decision.name]
        logged = ", ".join(map(repr, sorted(decision.outcomes)))
        n = len(draft.as_is.times[decision.name].row)
        statement = f"{logged} differ in their outcome only; the tree covers as many cases with one step"
        found.append(
            Move(
                id=f"outcomes-{step}",
                move="merge-outcomes",
                where=(step,),
                title=f"{decision.name}: one decision with {len(decision.outcomes)} outcomes",
                grade="apply",
                accepted=True,
                evidence=(Evidence(statement=statement, n=n),),
            )
        )
    return found

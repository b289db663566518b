"""Outcomes: activities that differ in an outcome word become one decision with outcomes."""

from orchestrate.contracts import Evidence, Move
from orchestrate.redesign.draft import Draft


def look(draft: Draft) -> list[Move]:
    """Say which decisions were merged (the as-is tree already has them), and which a person might merge."""
    found = _proposed(draft)
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


def _proposed(draft: Draft) -> list[Move]:
    decisions, coverage = draft.history.unmerged
    if not decisions:
        return []
    names = ", ".join(decision.name for decision in decisions)
    statement = (
        f"their activities differ in an outcome word only, but with one step for each the tree covers "
        f"{coverage:.1%} of cases instead of {draft.history.grown.coverage:.1%}"
    )
    evidence = Evidence(statement=statement, n=draft.history.cases, value=round(coverage, 4), unit="share")
    move = Move(
        id="outcomes",
        move="merge-outcomes",
        where=("plan",),
        title=f"One decision with outcomes each: {names}",
        grade="propose",
        support=round(coverage, 4),
        evidence=(evidence,),
    )
    return [move]

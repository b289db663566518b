"""Floating activities: what happens at any time is done beside the plan, and never waited for."""

from orchestrate.contracts import Evidence, Move
from orchestrate.redesign.draft import Draft


def look(draft: Draft) -> list[Move]:
    """Propose each floating activity as a side task; a person agrees."""
    history = draft.history
    found: list[Move] = []
    for activity in history.grown.floating:
        cases = history.side.loc[history.side["activity"] == activity, "case"].nunique()
        statement = (
            f"{activity!r} happens in {cases / history.cases:.0%} of cases, next to almost anything; "
            f"without it the tree covers {history.grown.coverage:.0%} of cases"
        )
        found.append(
            Move(
                id=f"beside-{len(found) + 1}",
                move="floating",
                where=("plan",),
                title=f"{activity} beside the plan",
                grade="propose",
                accepted=True,
                support=round(cases / history.cases, 4),
                evidence=(Evidence(statement=statement, n=cases),),
            )
        )
    return found

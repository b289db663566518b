"""Unbatch: work that waits until there is enough to do together could be done as it comes."""

from home.text import duration, percent
from orchestrate.contracts import Evidence, Move
from orchestrate.redesign.draft import Draft

WORTH = 0.1
"""Share of a step's waiting that must be batching."""
LEAST_S = 600.0


def look(draft: Draft) -> list[Move]:
    """Propose to end each batch that costs waiting: what it saves by being collected, the log cannot tell."""
    found: list[Move] = []
    for step in draft.steps():
        held = draft.caused(step.name, "batching")
        waited = draft.as_is.times[step.name].waiting_s
        if held is None or not len(held) or held.sum() < WORTH * waited.sum() or held.mean() < LEAST_S:
            continue
        gain_s = float(held.sum()) / max(draft.history.fitting, 1)
        share, mean = percent(float(held.sum() / waited.sum())), duration(float(held.mean()))
        statement = (
            f"{share} of its waiting is for the batch, {mean} each time; "
            "whether collecting saves set-up, or a rule demands it, somebody must know"
        )
        found.append(
            Move(
                id=f"unbatch-{step.id}",
                move="unbatch",
                where=(step.id,),
                title=f"{step.name}: one by one",
                grade="propose",
                support=float(len(held)),
                gain_s=round(gain_s, 1),
                evidence=(Evidence(statement=statement, n=len(held), value=round(gain_s, 1), unit="s"),),
            )
        )
    return found

"""The manual queue: ways that few cases go are handled by a person instead of being automated."""

from orchestrate.as_is import first_step
from orchestrate.changes import steps
from orchestrate.check import nodes
from orchestrate.contracts import Change, Choice, Evidence, Move, Skip
from orchestrate.redesign.draft import Draft

RARE = 0.05
"""Share of cases below which a branch is rare."""


def look(draft: Draft) -> list[Move]:
    """Send each rare branch of a choice to the manual queue; the outermost where they are nested."""
    found: list[Move] = []
    inside: set[str] = set()
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
            found.append(_move(draft, node, number, cases, share))
    return found


def _move(draft: Draft, node: Choice, number: int, cases: int, share: float) -> Move:
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

"""Off-system steps: added to the log by hand, they become steps for people where their place is clear."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from home.text import duration
from ingest.shaping.placed import Placed
from mining.outcomes import outcome_of
from orchestrate.contracts import Change, Evidence, Move, Skip, Step
from orchestrate.plans.changes import steps
from orchestrate.plans.check import nodes
from orchestrate.redesign.as_is import slug
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.history import History
from orchestrate.redesign.neighbours import Around, neighbours

Grade = Literal["apply", "propose", "refuse"]


@dataclass(frozen=True)
class Place:
    """Where a step goes: beside a node, or in its place."""

    node: str
    at: Literal["after", "before", "instead"]
    words: str


def look(draft: Draft) -> list[Move]:
    """Apply each added step that has one place in the tree; propose every place of one that has several."""
    found: list[Move] = []
    used = {node.id for node in (*nodes(draft.body), *nodes(draft.as_is.body))}
    around = neighbours(draft.body)
    part = draft.history.facts.activities
    for added in draft.history.facts.added:
        if part is not None and added.after not in part:
            continue
        places, why = _places(added, draft, around)
        for place in places:
            step = _step(added, _unused(slug(added.name) or "added", used))
            change = Change(node=place.node, insert=step, at=place.at)
            grade: Grade = "propose" if why else "apply"
            move = _move(len(found) + 1, added, draft.history, place, grade, why, (change,))
            # of two after one step the later is put there first, and so comes second
            same = [n for n, m in enumerate(found) if place.at == "after" and _behind(m, place.node)]
            found.insert(same[0] if same else len(found), move)
        if not places:
            found.append(_move(len(found) + 1, added, draft.history, None, "refuse", why, ()))
    return found


def _behind(move: Move, node: str) -> bool:
    return any(change.node == node and change.at == "after" for change in move.changes)


def _places(added: Placed, draft: Draft, around: dict[str, Around]) -> tuple[list[Place], str]:
    """The places that fit, and why it is not clear which; none where the plan lacks its neighbours."""
    if added.lost:
        return [], f"{added.lost[0]!r} is not in the log any more"
    before, after = _known(added.before, draft), _known(added.after, draft)
    if not after or (added.before and not before):
        gone = added.after if not after else added.before
        beside = gone in draft.history.grown.floating
        return [], f"{gone!r} " + ("happens at any time, beside the plan" if beside else "is not in the plan")
    behind = [Place(step.id, "after", f"after {step.name!r}, whatever comes next") for step in after]
    if added.before is None:
        return behind, "" if _one(added.after, after) else f"the plan has {added.after!r} as part of a step"
    ahead = [Place(step.id, "before", f"before {step.name!r}, whatever came before") for step in before]
    if not (_one(added.after, after) and _one(added.before, before)):
        return [*behind, *ahead], "its neighbours are not steps of their own in the plan"
    (first,), (second,) = after, before
    words = f"between {first.name!r} and {second.name!r}"
    if around[first.id].after == {second.id}:
        return [Place(first.id, "after", words)], ""
    if around[second.id].before == {first.id}:
        return [Place(second.id, "before", words)], ""
    empty = [
        node.id
        for node in nodes(draft.body)
        if isinstance(node, Skip) and around[node.id] == Around(frozenset({first.id}), frozenset({second.id}))
    ]
    if len(empty) == 1:
        return [Place(empty[0], "instead", f"{words}, where nothing else is done")], ""
    if second.id in around[first.id].after:
        why = f"{first.name!r} leads elsewhere, too, and {second.name!r} comes after other steps, too"
    else:
        why = f"in the plan {second.name!r} does not come right after {first.name!r}"
    return [*behind, *ahead], why


def _known(activity: str | None, draft: Draft) -> list[Step]:
    """The steps of the plan that are this activity, or the decision that it is an outcome of."""
    found = [step for step in steps(draft.body) if step.name == activity and not step.off_system]
    if not found and activity and (merged := outcome_of(activity)):
        found = [step for step in steps(draft.body) if step.name == merged[0] and merged[1] in step.outcomes]
    return found


def _one(activity: str | None, found: list[Step]) -> bool:
    return len(found) == 1 and found[0].name == activity


def _step(added: Placed, identity: str) -> Step:
    told = f"{added.evidence[0].upper()}{added.evidence[1:]}: no system records it."
    return Step(
        id=identity,
        name=added.name,
        does="human",
        purpose=told,
        role=added.role,
        instructions=f"Do {added.name!r}, then say it is done.",
        expected=added.typical or None,
        off_system=True,
        evidence=(Evidence(statement=added.evidence),),
    )


def _move(
    number: int,
    added: Placed,
    history: History,
    place: Place | None,
    grade: Grade,
    why: str,
    changes: tuple[Change, ...],
) -> Move:
    usual = f" It usually takes {duration(added.typical.total_seconds())}." if added.typical else ""
    statements = [
        Evidence(statement=f"{added.evidence}.{usual}"),
        *([Evidence(statement=why)] if why else []),
    ]
    return Move(
        id=f"off-system-{number}",
        move="off-system",
        where=(place.node,) if place else ("plan",),
        title=f"{added.name!r} {place.words if place else 'has no place in the plan'}",
        grade=grade,
        accepted=grade == "apply",
        evidence=(*statements, *_followed(added, history)),
        changes=changes,
    )


def _followed(added: Placed, history: History) -> tuple[Evidence, ...]:
    """How often the log has the path that the step was added to."""
    if added.before is None:
        return ()
    frame = history.frame
    logged = frame["logged"] if "logged" in frame else frame["activity"]
    rows = list(zip(frame["case"].tolist(), logged.tolist(), strict=True))
    all_of = {case for case, activity in rows if activity == added.after}
    path = {
        case
        for (case, activity), (other, following) in pairwise(rows)
        if case == other and (activity, following) == (added.after, added.before)
    }
    statement = (
        f"{added.before!r} comes right after {added.after!r} in {len(path):,} of the {len(all_of):,} cases"
        f" that have {added.after!r}"
    )
    return (Evidence(statement=statement, n=len(path)),)


def _unused(wanted: str, used: set[str]) -> str:
    identity, n = wanted, 1
    while identity in used:
        n += 1
        identity = f"{wanted}-{n}"
    used.add(identity)
    return identity


def names_of(moves: Iterable[Move]) -> dict[str, list[Move]]:
    """The moves that put added steps in the plan, by the name of the step."""
    found: dict[str, list[Move]] = {}
    for move in moves:
        if move.move == "off-system":
            name = move.changes[0].insert.name if move.changes and move.changes[0].insert else move.title
            found.setdefault(name, []).append(move)
    return found

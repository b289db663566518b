"""Parallelise: what is done one after the other, in either order and without a link, is done at once."""

from itertools import permutations

import numpy as np

from home.text import duration
from orchestrate.contracts import Change, Evidence, Move, Node, Sequence, Step
from orchestrate.plans.changes import find_node, steps
from orchestrate.redesign.as_is import at
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.lanes import Lanes, lanes_of
from orchestrate.redesign.links import Link, Written, find_link, wilson_low

BOTH_ORDERS = 0.05
"""Lower bound that the rarer order must exceed."""
ENOUGH = 500
"""Cases from which the evidence is enough to apply it."""
SAME_PERSON = 0.5
WORTH = 0.01
"""Share of the median cycle time that a proposal must gain."""
MOST_PROPOSALS = 3


def look(draft: Draft) -> list[Move]:
    """Every block that is done one after the other in no fixed order, and neighbours in a fixed order."""
    written = Written(draft.history)
    blocks = [_block(draft, written, identity, lanes) for identity, lanes in draft.as_is.serial.items()]
    return blocks + _neighbours(draft, written)


def _block(draft: Draft, written: Written, identity: str, lanes: Lanes) -> Move:
    """A block that discovery found parallel and that today is done one after the other."""
    node = find_node(draft.as_is.body, identity)
    children = node.children if isinstance(node, Sequence) else ()
    order = lanes.order
    columns = list(permutations(range(len(order)), 2))
    pairs = [(order[a], order[b]) for a, b in columns if a < b]
    rarer = [(int(min(o.sum(), (~o).sum())), len(o)) for a, b in pairs if len(o := lanes.before(a, b))]
    low = min((wilson_low(k, n) for k, n in rarer), default=0.0)
    names = [[step.name for step in steps(child)] for child in children]
    links = [
        link
        for a, b in columns
        for first in names[a]
        for second in names[b]
        if (link := find_link(written, first, second)) is not None
    ]
    saved = lanes.serial_gain_s
    share = len(lanes.case) / max(draft.history.fitting, 1)
    return _verdict(
        draft,
        identity,
        children,
        links,
        low=low,
        n=len(lanes.case),
        gain_s=float(saved.mean()) * share,
        lanes=lanes,
    )


def _neighbours(draft: Draft, written: Written) -> list[Move]:
    """Pairs of neighbouring steps of different people that are always done in one order."""
    found: list[Move] = []
    if not draft.history.facts.timed:
        return found
    least = WORTH * float(np.median(draft.history.cycle_s()))
    for path, identity in draft.as_is.id_of.items():
        node = find_node(draft.as_is.body, identity)
        if not isinstance(node, Sequence) or identity in draft.as_is.serial:
            continue
        tree = at(draft.history.grown.tree, path)
        for i, (left, right) in enumerate(zip(node.children, node.children[1:], strict=False)):
            if not isinstance(left, Step) or not isinstance(right, Step):
                continue
            lanes = lanes_of(draft.history, path, [tree.children[i].alphabet, tree.children[i + 1].alphabet])
            gain_s = (
                float(lanes.serial_gain_s.sum()) / max(draft.history.fitting, 1) if len(lanes.case) else 0.0
            )
            if gain_s < least:
                continue
            link = find_link(written, left.name, right.name)
            if link is None and not (
                written.values(written.rows(left.name)) and _different(draft, left, right)
            ):
                continue  # Nothing is known of what it writes: no evidence either way.
            links = [link] if link else []
            found.append(
                _verdict(
                    draft,
                    identity,
                    (left, right),
                    links,
                    low=0.0,
                    n=len(lanes.case),
                    gain_s=gain_s,
                    lanes=lanes,
                )
            )
    found.sort(key=lambda move: -(move.gain_s or 0.0))
    return found[:MOST_PROPOSALS]


def _verdict(
    draft: Draft,
    identity: str,
    children: tuple[Node, ...],
    links: list[Link],
    *,
    low: float,
    n: int,
    gain_s: float,
    lanes: Lanes,
) -> Move:
    names = [" … ".join(dict.fromkeys(s.name for s in (steps(c)[0], steps(c)[-1]))) for c in children]
    same = _same_person(draft, children)
    grade, reason = (
        "apply",
        f"both orders are common (the rarer in at least {low:.0%} of cases), and no link is seen",
    )
    if links:
        worst = min(links, key=lambda link: link.p)
        grade = "refuse"
        reason = f"{worst.of!r} writes {worst.attribute!r}, on which the other depends ({worst.kind} link)"
        return _move(draft, identity, names, "refuse", reason, n, gain_s, worst.p, ())
    if same > SAME_PERSON:
        grade, reason = "propose", f"in {same:.0%} of cases one person does both, who cannot do them at once"
    elif low <= BOTH_ORDERS:
        grade = "propose"
        reason = f"no link is seen, but {lanes.one_order:.0%} of cases keep one order: somebody must know why"
    elif n < ENOUGH:
        grade, reason = (
            "propose",
            f"both orders are seen and no link, but only in {n} cases of {ENOUGH} needed",
        )
    change = Change(node=identity, parallel=tuple(child.id for child in children))
    return _move(draft, identity, names, grade, reason, n, gain_s, None, (change,))


def _move(
    draft: Draft,
    identity: str,
    names: list[str],
    grade: str,
    reason: str,
    n: int,
    gain_s: float,
    p: float | None,
    changes: tuple[Change, ...],
) -> Move:
    statement = f"{reason}; at once would take {duration(gain_s)} less per case"
    return Move.model_validate(
        {
            "id": f"parallel-{identity}"
            + (f"-{draft.as_is.step_of.get(names[0], '')}" if len(names) == 2 else ""),
            "move": "parallelise",
            "where": changes[0].parallel if changes else (identity,),
            "title": f"{' and '.join(names)}: at once",
            "grade": grade,
            "accepted": grade == "apply",
            "support": float(n),
            "gain_s": round(gain_s, 1),
            "evidence": (Evidence(statement=statement, n=n, value=round(gain_s, 1), unit="s", p=p),),
            "changes": changes,
        }
    )


def _same_person(draft: Draft, children: tuple[Node, ...]) -> float:
    """Share of cases in which the same resource does two of these."""
    frame = draft.history.frame
    case = draft.history.case_of_row()
    by_lane = []
    for child in children:
        names = [step.name for step in steps(child)]
        own = frame["activity"].isin(names).to_numpy() & frame["resource"].notna().to_numpy()
        by_lane.append(
            set(zip(case[own].tolist(), frame["resource"].to_numpy(object)[own].tolist(), strict=True))
        )
    shared = {c for i, lane in enumerate(by_lane) for other in by_lane[:i] for c, _ in lane & other}
    together = {c for c, _ in by_lane[0]} & {c for lane in by_lane[1:] for c, _ in lane} if by_lane else set()
    return len(shared) / len(together) if together else 0.0


def _different(draft: Draft, left: Step, right: Step) -> bool:
    return _same_person(draft, (left, right)) <= SAME_PERSON

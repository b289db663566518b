"""What becomes a candidate: the whole process, blocks, handoffs and rework loops, not scored yet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from home.duck import Cursor
from home.ids import slug
from home.sql import read_sql
from home.text import percent
from ingest.catalog import Log
from mining.anchors import Anchors
from mining.blocks import Block, PathPain
from mining.grow import Verdict
from mining.pain import WHOLE, Part
from mining.plannable import Plannable


@dataclass(frozen=True)
class Found:
    """A candidate before it is scored."""

    log: str
    part: Part
    label: str
    slug: str
    pain_share: float
    verdict: Verdict
    coverage: float
    because: str
    activities: tuple[str, ...]
    condition: str | None = None
    """The filter (CEL) under which it is a candidate."""


def whole_process(log: Log, activities: tuple[str, ...], verdict: Plannable) -> Found:
    """The process as a whole."""
    return Found(
        log=log.name,
        part=WHOLE,
        label=f"the whole process {log.name}",
        slug="process",
        pain_share=1.0,
        verdict=verdict.verdict,
        coverage=verdict.coverage,
        because=verdict.because,
        activities=activities,
    )


def planned_alone(log: Log, block: Block) -> Found:
    """A block, which is planned by itself."""
    first, last = block.ordered[0], block.ordered[-1]
    return Found(
        log=log.name,
        part=Part("block", block.ordered),
        label=f"{first} … {last} ({len(block.activities)} activities)",
        slug=f"block:{_short(first)}..{_short(last)}",
        pain_share=block.pain,
        verdict="plan",
        coverage=block.coverage,
        because=f"A block of its own: {percent(block.entered)} of the cases enter it, "
        f"{percent(block.closure)} of those stay within it, and {percent(block.coverage)} follow one tree.",
        activities=block.ordered,
    )


def spots(cursor: Cursor, pains: PathPain, found: list[Found], anchors: Anchors) -> list[Found]:
    """Handoffs and rework loops that hold enough of the pain; they are planned with the whole process."""
    alpha, least, most = anchors.pain["alpha"], anchors.candidates["least"], anchors.candidates["spots"]
    total = sum(sum(waiting) + sum(work) for waiting, work in pains.values())
    shown = {frozenset(each.activities) for each in found}
    seen: list[tuple[Part, str, str, float]] = []
    for source, target, waiting, _ in rows(cursor, "handoff_pain"):
        if frozenset((source, target)) not in shown:
            name = f"handoff:{_short(source)}..{_short(target)}"
            seen.append((Part("handoff", (source, target)), f"{source} → {target}", name, alpha * waiting))
    for again, waiting, work, share in rows(cursor, "loop_pain"):
        if share >= anchors.candidates["entered"]:
            pain = alpha * waiting + work
            seen.append((Part("loop", (again,)), f"{again}, again and again", f"loop:{_short(again)}", pain))
    kept: list[Found] = []
    for kind in ("handoff", "loop"):
        of_kind = [s for s in seen if s[0].kind == kind and total and s[3] >= least * total]
        for part, label, name, pain in sorted(of_kind, key=lambda s: (-s[3], s[1]))[: int(most)]:
            because = f"Planned with the whole process, its moves limited to this. {found[0].because}"
            kept.append(
                replace(
                    found[0], part=part, label=label, slug=name, pain_share=pain / total,
                    because=because, activities=part.activities,
                )
            )  # fmt: skip
    return kept


def _short(name: str) -> str:
    return slug(name, length=16)


def path_pains(
    rows: list[tuple[Any, ...]], names: Mapping[int, tuple[str, ...]], alpha: float
) -> dict[tuple[str, ...], tuple[list[float], list[float]]]:
    """Labour-equivalent hours by variant and position, from rows of variant, position and hours."""
    found: dict[tuple[str, ...], tuple[list[float], list[float]]] = {}
    for vid, _, waiting, work in rows:
        hours = found.setdefault(names[vid], ([], []))
        hours[0].append(alpha * (waiting or 0.0))
        hours[1].append(work or 0.0)
    return found


def rows(cursor: Cursor, name: str) -> list[tuple[Any, ...]]:
    """The rows of a query of `mining/sql`."""
    return cursor.execute(read_sql("mining.sql", name)).fetchall()

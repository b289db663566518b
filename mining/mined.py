"""The candidates of one log: found, scored and judged once, then kept until the log or the anchors change."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from home.context import Context
from home.contracts import Contract
from home.duck import Cursor
from home.ids import slug
from home.sql import read_sql
from home.text import percent
from ingest.catalog import Log
from mining.anchors import Anchors
from mining.blocks import Block, PathPain, worth_showing
from mining.drift import MOST_RUNNING, find_changes, settled
from mining.grow import Verdict
from mining.instances import instances
from mining.lens import lens
from mining.pain import WHOLE, Entries, Kind, Part, entries, prepare
from mining.plannable import Plannable, plannable
from mining.running import running_cases
from mining.score import Interval, Scored, Why, score

FORMAT = 4
"""Raised when what is computed changes, so that nothing kept from before is shown."""
FEWEST_AFTER = 300
"""Cases after a change, below which those before it are planned from too."""


class Mined(Contract):
    """A candidate as computed, before any override."""

    id: str
    log: str
    kind: Kind
    label: str
    activities: tuple[str, ...]
    condition: str | None = None
    frequency: int
    pain: int
    stability: int
    interval: Interval
    totals: tuple[int, ...]
    per_week: float
    pain_h: float
    pain_share: float
    complexity: float
    handoffs_per_case: float
    systems_per_case: float
    verdict: Verdict
    coverage: float
    because: str
    why: Why


def mined_candidates(context: Context, log: Log, anchors: Anchors) -> list[Mined]:
    """The candidates of a log, from the last time they were computed where nothing changed since."""
    key = f"{FORMAT}:{log.hash}:{log.cases}:{log.instances}:{anchors.digest}"
    kept = _kept(context, log, key)
    if kept is None:
        kept = mine(context, log, anchors)
        payload = json.dumps([each.model_dump(mode="json") for each in kept])
        with context.events.writing(log.schema) as cursor:
            cursor.execute(read_sql("mining.sql", "create_kept_candidates"))
            cursor.execute(
                "insert into kept_candidates values ($key, $payload)", {"key": key, "payload": payload}
            )
    return kept


def _kept(context: Context, log: Log, key: str) -> list[Mined] | None:
    with context.events.cursor(log.schema) as cursor:
        there = cursor.execute(
            "select 1 from duckdb_tables() where schema_name = $schema and table_name = 'kept_candidates'",
            {"schema": log.schema},
        ).fetchone()
        if not there:
            return None
        row = cursor.execute("select payload from kept_candidates where key = $key", {"key": key}).fetchone()
    return [Mined.model_validate(each) for each in json.loads(row[0])] if row else None


def mine(context: Context, log: Log, anchors: Anchors) -> list[Mined]:
    """Find, score and judge the candidates of a log: the whole process, its good blocks, handoffs, loops."""
    with lens(context, log.name) as view:
        if not view.cases:
            return []
        frame = instances(view.cursor, attributes=False)
        cases = view.cursor.execute(read_sql("mining.sql", "cases_by_start"), {"tz": log.tz}).df()
        names = {vid: tuple(acts) for vid, acts in _rows(view.cursor, "variant_names")}
        context.job.progress(0.2, f"weighing {log.name}")
        prepare(view.cursor, anchors)
        pains = path_pains(_rows(view.cursor, "path_pain"), names, anchors.pain["alpha"])
        running = context.compute(running_cases, frame)
        variants = settled_variants(cases, names, running)
        context.job.progress(0.3, f"looking for parts of {log.name}")
        verdict = context.compute(plannable, variants)
        blocks = context.compute(worth_showing, variants, pains, anchors) if variants else []
        found = [_process(log, tuple(sorted({a for v in pains for a in v})), verdict)]
        found += [_block(log, block) for block in blocks]
        found += _spots(view.cursor, pains, found, anchors)
        whole = entries(view.cursor, log.tz)
        until = whole.weeks[-1]
        parts = [whole, *(entries(view.cursor, log.tz, each.part, until) for each in found[1:])]
    context.job.progress(0.7, f"scoring {log.name}")
    scores = [
        context.compute(
            score,
            entered,
            anchors,
            timed=log.timed,
            running=running,
            process=whole if each.part.kind in ("handoff", "loop") else None,
        )
        for each, entered in zip(found, parts, strict=True)
    ]
    made: list[Mined] = []
    for each, part, scored in zip(found, parts, scores, strict=True):
        made.append(_mined(each, part, scored, {one.id for one in made}))
    return made


def _rows(cursor: Cursor, name: str) -> list[tuple[Any, ...]]:
    return cursor.execute(read_sql("mining.sql", name)).fetchall()


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


def settled_variants(
    cases: pd.DataFrame, names: Mapping[int, tuple[str, ...]], running: frozenset[str]
) -> dict[tuple[str, ...], int]:
    """Cases per variant, without running ones and those from before the last change."""
    is_running = cases["case_id"].isin(running).to_numpy()
    until = settled(is_running)
    number = {vid: i for i, vid in enumerate(names)}
    order = cases["vid"].map(number).to_numpy().astype(np.int64)
    changes = find_changes(order[:until], list(names.values()))
    since = max((c.case for c in changes if len(cases) - c.case >= FEWEST_AFTER), default=0)
    finished = ~is_running if is_running.mean() <= MOST_RUNNING else np.ones(len(cases), dtype=bool)
    finished[:since] = False
    counted = Counter(cases["vid"][finished].tolist())
    return {names[vid]: n for vid, n in counted.most_common()}


@dataclass(frozen=True)
class _Found:
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


def _process(log: Log, activities: tuple[str, ...], verdict: Plannable) -> _Found:
    return _Found(
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


def _block(log: Log, block: Block) -> _Found:
    first, last = block.ordered[0], block.ordered[-1]
    return _Found(
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


def _spots(cursor: Cursor, pains: PathPain, found: list[_Found], anchors: Anchors) -> list[_Found]:
    """Handoffs and rework loops that hold enough of the pain; they are planned with the whole process."""
    alpha, least, most = anchors.pain["alpha"], anchors.candidates["least"], anchors.candidates["spots"]
    total = sum(sum(waiting) + sum(work) for waiting, work in pains.values())
    shown = {frozenset(each.activities) for each in found}
    spots: list[tuple[Part, str, str, float]] = []
    for source, target, waiting, _ in _rows(cursor, "handoff_pain"):
        if frozenset((source, target)) not in shown:
            name = f"handoff:{_short(source)}..{_short(target)}"
            spots.append((Part("handoff", (source, target)), f"{source} → {target}", name, alpha * waiting))
    for again, waiting, work, share in _rows(cursor, "loop_pain"):
        if share >= anchors.candidates["entered"]:
            pain = alpha * waiting + work
            spots.append((Part("loop", (again,)), f"{again}, again and again", f"loop:{_short(again)}", pain))
    kept: list[_Found] = []
    for kind in ("handoff", "loop"):
        of_kind = [s for s in spots if s[0].kind == kind and total and s[3] >= least * total]
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


def _mined(each: _Found, part: Entries, scored: Scored, taken: set[str]) -> Mined:
    plain = identity = f"{each.log}:{each.slug}"
    number = 2
    while identity in taken:
        identity, number = f"{plain}-{number}", number + 1
    return Mined(
        id=identity,
        log=each.log,
        kind=each.part.kind,
        label=each.label,
        activities=each.activities,
        frequency=scored.frequency,
        pain=scored.pain,
        stability=scored.stability,
        interval=scored.interval,
        totals=scored.totals,
        per_week=round(scored.per_week, 3),
        pain_h=round(scored.pain_h, 4),
        pain_share=round(each.pain_share, 4),
        complexity=round(scored.diversity, 2),
        handoffs_per_case=round(float(part.cases["handoffs"].mean()), 2),
        systems_per_case=round(float(part.cases["systems"].mean()), 2),
        verdict=each.verdict,
        coverage=round(each.coverage, 4),
        because=each.because,
        why=scored.why,
    )

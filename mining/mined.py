"""The candidates of one log: found, scored and judged once, then kept until the log or the anchors change."""

import json
from collections import Counter
from collections.abc import Mapping
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
from mining.blocks import Block, worth_showing
from mining.drift import MOST_RUNNING, find_changes, settled
from mining.grow import Verdict
from mining.instances import instances
from mining.lens import lens
from mining.pain import Entries, entries, prepare
from mining.plannable import Plannable, plannable
from mining.running import running_cases
from mining.score import Interval, Scored, Why, score

FORMAT = 2
"""Raised when what is computed changes, so that nothing kept from before is shown."""
FEWEST_AFTER = 300
"""Cases after a change, below which those before it are planned from too."""


class Mined(Contract):
    """A candidate as computed, before any override."""

    id: str
    log: str
    kind: str
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
    """Find, score and judge the candidates of a log: the whole process and its good blocks."""
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
        context.job.progress(0.3, f"looking for blocks in {log.name}")
        verdict = context.compute(plannable, variants)
        blocks = context.compute(worth_showing, variants, pains, anchors) if variants else []
        whole = entries(view.cursor, log.tz)
        until = whole.weeks[-1]
        parts = [whole, *(entries(view.cursor, log.tz, b.activities, until) for b in blocks)]
    context.job.progress(0.7, f"scoring {log.name}")
    scores = [context.compute(score, p, anchors, timed=log.timed, running=running) for p in parts]
    found = [_process(log, parts[0], verdict, scores[0])]
    for block, part, scored in zip(blocks, parts[1:], scores[1:], strict=True):
        found.append(_block(log, block, part, scored, {each.id for each in found}))
    return found


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


def _common(log: Log, part: Entries, scored: Scored) -> dict[str, Any]:
    return {
        "log": log.name,
        "frequency": scored.frequency,
        "pain": scored.pain,
        "stability": scored.stability,
        "interval": scored.interval,
        "totals": scored.totals,
        "per_week": round(scored.per_week, 3),
        "pain_h": round(scored.pain_h, 4),
        "complexity": round(scored.diversity, 2),
        "handoffs_per_case": round(float(part.cases["handoffs"].mean()), 2),
        "systems_per_case": round(float(part.cases["systems"].mean()), 2),
        "why": scored.why,
    }


def _process(log: Log, part: Entries, verdict: Plannable, scored: Scored) -> Mined:
    return Mined(
        id=f"{log.name}:process",
        kind="process",
        label=f"the whole process {log.name}",
        activities=tuple(sorted(part.activities)),
        pain_share=1.0,
        verdict=verdict.verdict,
        coverage=round(verdict.coverage, 4),
        because=verdict.because,
        **_common(log, part, scored),
    )


def _block(log: Log, block: Block, part: Entries, scored: Scored, taken: set[str]) -> Mined:
    first, last = block.ordered[0], block.ordered[-1]
    plain = identity = f"{log.name}:block:{slug(first, length=24)}..{slug(last, length=24)}"
    number = 2
    while identity in taken:
        identity, number = f"{plain}-{number}", number + 1
    return Mined(
        id=identity,
        kind="block",
        label=f"{first} … {last} ({len(block.activities)} activities)",
        activities=block.ordered,
        pain_share=round(block.pain, 4),
        verdict="plan",
        coverage=round(block.coverage, 4),
        because=f"A block of its own: {percent(block.entered)} of the cases enter it, "
        f"{percent(block.closure)} of those stay within it, and {percent(block.coverage)} follow one tree.",
        **_common(log, part, scored),
    )

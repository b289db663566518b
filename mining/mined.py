"""The candidates of one log: found, scored and judged once, then kept until the log or the anchors change."""

import json
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from home.changes import upkeep
from home.context import Context
from home.contracts import Contract
from home.sql import read_sql
from ingest.catalog import Log
from mining.anchors import Anchors
from mining.blocks import worth_showing
from mining.change_points import MOST_RUNNING, find_changes, seconds, settled
from mining.conditions import attributes_of, entries_of, narrowed, under_condition
from mining.grow import Verdict
from mining.instances import instances
from mining.lens import lens
from mining.pain import Entries, Kind, entries, prepare
from mining.plannable import MOST_ACTIVITIES, plannable
from mining.running import running_cases
from mining.score import Interval, Scored, score
from mining.spots import Found, path_pains, planned_alone, rows, spots, whole_process
from mining.why import Why

FORMAT = 7
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
        with upkeep(), context.events.writing(log.schema) as cursor:
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
    """Find, score and judge the candidates of a log: the whole process, its good blocks, handoffs, loops,
    and the process under a condition."""
    with lens(context, log.name) as view:
        if not view.cases:
            return []
        frame = instances(view.cursor, attributes=False)
        cases = view.cursor.execute(read_sql("mining.sql", "cases_by_start"), {"tz": log.tz}).df()
        names = {vid: tuple(acts) for vid, acts in rows(view.cursor, "variant_names")}
        context.job.progress(0.2, f"weighing {log.name}")
        promise = prepare(view.cursor, log.name, anchors)
        pains = path_pains(rows(view.cursor, "path_pain"), names, anchors.pain["alpha"])
        few = log.activities <= MOST_ACTIVITIES
        running = context.compute(running_cases, frame) if few else frozenset()
        variants = settled_variants(cases, names, running)
        context.job.progress(0.3, f"looking for parts of {log.name}")
        verdict = context.compute(plannable, variants)
        blocks = context.compute(worth_showing, variants, pains, anchors) if variants and few else []
        found = [whole_process(log, tuple(sorted({a for v in pains for a in v})), verdict)]
        found += [planned_alone(log, each) for each in blocks]
        found += spots(view.cursor, pains, found, anchors)
        whole = entries(view.cursor, log.tz, promise=promise)
        until = whole.weeks[-1]
        parts = [whole, *(entries(view.cursor, log.tz, each.part, until) for each in found[1:])]
        attributes, kinds = attributes_of(view.cursor, log.tz)
    hours = dict(zip(whole.cases["case_id"], whole.pain(anchors).tolist(), strict=True))
    for narrow in context.compute(narrowed, attributes, kinds, hours, running):
        part = entries_of(whole, narrow)
        own = settled_variants(cases[cases["case_id"].isin(narrow.cases)], names, running)
        found.append(under_condition(log, narrow, part, context.compute(plannable, own)))
        parts.append(part)
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


def settled_variants(
    cases: pd.DataFrame, names: Mapping[int, tuple[str, ...]], running: frozenset[str]
) -> dict[tuple[str, ...], int]:
    """Cases per variant, without running ones and those from before the last change."""
    is_running = cases["case_id"].isin(running).to_numpy()
    until = settled(is_running, seconds(cases["started"]), seconds(cases["ended"]))
    number = {vid: i for i, vid in enumerate(names)}
    order = cases["vid"].map(number).to_numpy().astype(np.int64)
    changes = find_changes(order[:until], list(names.values()))
    since = max((c.case for c in changes if not c.small and len(cases) - c.case >= FEWEST_AFTER), default=0)
    finished = ~is_running if is_running.mean() <= MOST_RUNNING else np.ones(len(cases), dtype=bool)
    finished[:since] = False
    counted = Counter(cases["vid"][finished].tolist())
    return {names[vid]: n for vid, n in counted.most_common()}


def _mined(each: Found, part: Entries, scored: Scored, taken: set[str]) -> Mined:
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
        condition=each.condition,
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

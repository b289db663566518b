"""`baton candidates`: which processes, and which parts of them, are worth redesigning first."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from home.context import Context
from home.contracts import Argument, Contract, FileResponse, Option, OutputFile, Request
from home.errors import unknown
from home.text import inert, percent, table
from ingest.catalog import all_logs, find_log
from mining.anchors import read_anchors
from mining.grow import Verdict
from mining.mined import Mined, mined_candidates
from mining.overrides import SCORES, Override, overrides
from mining.pain import Kind
from mining.score import Interval
from mining.why import Why

TOP = 3


class CandidatesRequest(Request):
    """Which logs to look in."""

    logs: Annotated[tuple[str, ...], Argument("[LOG]")] = ()
    """Names of logs; all of them where none is named."""
    rate: float | None = Field(default=None, gt=0)
    """What an hour of work costs, in any currency; shows what the pain costs a week."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Write the ranking as CSV for a spreadsheet; `-` prints it."""


class Scores(Contract):
    """Scores as computed."""

    frequency: int
    pain: int
    stability: int


class Candidate(Contract):
    """A process, or a part of one, with its scores from 1 to 5."""

    id: str
    log: str
    kind: Kind
    """`process`, `block`, `handoff` or `loop`; the last two are planned with the whole process. A process
    with a condition is planned from the cases that pass it."""
    label: str
    frequency: int
    pain: int
    stability: int
    """5 is stable."""
    total: int
    interval: Interval
    """95 % intervals of the computed scores."""
    complexity: float
    """How many equally common paths would be as varied."""
    plannable: bool
    """Whether a plan can be made of it, at least as a pilot."""
    verdict: Verdict
    coverage: float
    """Share of its cases that a precise tree accepts exactly."""
    because: str
    """Why it is plannable, or why not."""
    handoffs_per_case: float
    systems_per_case: float
    cases_per_week: float
    hours_per_case: float
    """Labour-equivalent hours of pain."""
    hours_per_week: float
    money_per_week: float | None = None
    pain_share: float
    """Share of the pain of its whole process. Shares of overlapping candidates do not add up."""
    activities: tuple[str, ...]
    condition: str | None = None
    """The filter under which it is a candidate."""
    computed: Scores
    """The scores before overrides."""
    overrides: tuple[Override, ...] = ()
    why: Why


class Certainty(Contract):
    """How sure a candidate's place is."""

    id: str
    top: float
    """Share of resampled histories in which it is among the first three shown."""


class CandidatesResponse(FileResponse):
    """Candidates, plannable ones first, by total."""

    candidates: list[Candidate]
    certainty: list[Certainty]
    anchors: int
    """Version of the anchors."""

    def lines(self) -> Iterator[str]:
        """A ranked table, then why the first one is first."""
        if not self.candidates:
            yield "No log holds a case yet; see `baton ingest --help`."
            return
        top = {each.id: each.top for each in self.certainty}
        yield from table([self._row(c, top[c.id]) for c in self.candidates])
        first = self.candidates[0]
        yield ""
        yield f"First: {first.label}. {first.because}"
        for name in SCORES:
            for term in getattr(first.why, name):
                if term.score is not None:
                    yield f"  {name} {term.score}: {_short(term.value)} {term.unit} ({term.words})"
        yield from (f"  {note}" for note in first.why.notes)
        yield "\nScores run from 1 to 5: 5 is most frequent, most painful, most stable."

    def _row(self, c: Candidate, top: float) -> dict[str, object]:
        low, high = c.interval.total
        row: dict[str, object] = {
            "candidate": c.id,
            "freq": c.frequency,
            "pain": c.pain,
            "stable": c.stability,
            "total": f"{c.total}" if low == high or c.overrides else f"{c.total} ({low}–{high})",
            f"top {TOP}": percent(top),
            "h/week": round(c.hours_per_week, 1),
            "plan": c.verdict if not c.overrides else f"{c.verdict}, overridden",
        }
        if c.money_per_week is not None:
            row["money/week"] = c.money_per_week
        return row


def _short(value: float) -> str:
    """Three digits say enough of a measured value."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def candidates(context: Context, request: CandidatesRequest) -> CandidatesResponse:
    """Score whole processes and the blocks worth planning by themselves.

    Frequency counts entries per week; pain is labour-equivalent hours per case; stability says how
    well the past foretells the future. Anchors are absolute: no log moves the scores of another.
    """
    anchors = read_anchors(context.home)
    logs = (
        [find_log(context.events, name) for name in dict.fromkeys(request.logs)]
        if request.logs
        else [log for log in all_logs(context.events) if not log.simulated and log.plan is None]
    )
    found: list[Mined] = []
    for done, log in enumerate(logs):
        context.job.progress(done / max(len(logs), 1), f"scoring {log.name}")
        found += mined_candidates(context, log, anchors)
    by_hand = overrides(context.state, [each.id for each in found])
    shown = [_shown(each, by_hand.get(each.id, []), request.rate) for each in found]
    order = sorted(range(len(shown)), key=lambda i: _rank(shown[i]))
    certain = _certainty([found[i] for i in order], [shown[i] for i in order])
    ranked = [shown[i] for i in order]
    content = as_csv(ranked, certain) if request.output is not None else None
    return CandidatesResponse(candidates=ranked, certainty=certain, anchors=anchors.version, content=content)


COLUMNS = (
    *("id", "log", "kind", "label", "condition", "frequency", "pain", "stability", "total"),
    *("verdict", "because"),
    *("coverage", "complexity", "handoffs_per_case", "systems_per_case", "cases_per_week"),
    *("hours_per_case", "hours_per_week", "money_per_week", "pain_share"),
)


def as_csv(ranked: Sequence[Candidate], certain: Sequence[Certainty]) -> str:
    """One line per candidate in the order shown. What a spreadsheet would run is led by an apostrophe."""
    top = {each.id: each.top for each in certain}
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["rank", *COLUMNS, f"in_top_{TOP}", "overridden"])
    for rank, each in enumerate(ranked, 1):
        values = [inert(getattr(each, name)) for name in COLUMNS]
        by_hand = "; ".join(f"{o.score} {o.computed} to {o.value} by {o.by}: {o.why}" for o in each.overrides)
        lines.writerow([rank, *values, top[each.id], inert(by_hand)])
    return text.getvalue()


def _rank(candidate: Candidate) -> tuple[bool, int, float, str]:
    return not candidate.plannable, -candidate.total, -candidate.hours_per_week, candidate.id


def _shown(mined: Mined, by_hand: Sequence[Override], rate: float | None) -> Candidate:
    computed = {name: getattr(mined, name) for name in SCORES}
    scores = {**computed, **{each.score: each.value for each in by_hand}}
    hours = mined.pain_h * mined.per_week
    return Candidate(
        id=mined.id,
        log=mined.log,
        kind=mined.kind,
        label=mined.label,
        **scores,
        total=sum(scores.values()),
        interval=mined.interval,
        complexity=mined.complexity,
        plannable=mined.verdict != "refuse",
        verdict=mined.verdict,
        coverage=mined.coverage,
        because=mined.because,
        handoffs_per_case=mined.handoffs_per_case,
        systems_per_case=mined.systems_per_case,
        cases_per_week=mined.per_week,
        hours_per_case=mined.pain_h,
        hours_per_week=round(hours, 2),
        money_per_week=round(hours * rate, 2) if rate else None,
        pain_share=mined.pain_share,
        activities=mined.activities,
        condition=mined.condition,
        computed=Scores(**computed),
        overrides=tuple(by_hand),
        why=mined.why,
    )


def _certainty(found: Sequence[Mined], shown: Sequence[Candidate]) -> list[Certainty]:
    """In which share of draws each is among the first three; plannable ones go first, ties by place."""
    if not found:
        return []
    moved = np.array(
        [[s.total - sum(getattr(m, n) for n in SCORES)] for m, s in zip(found, shown, strict=True)]
    )
    totals = np.array([m.totals for m in found]) + moved
    place = np.arange(len(found))[:, None] / 1000
    worth = totals - place + 100 * np.array([[s.plannable] for s in shown])
    rank = (-worth).argsort(axis=0).argsort(axis=0)
    return [Certainty(id=s.id, top=round(float((rank[i] < TOP).mean()), 3)) for i, s in enumerate(shown)]


def find_candidate(context: Context, candidate: str) -> Mined:
    """The candidate with this id, as computed; raises `NotFound` with the nearest ids."""
    logs = [log for log in all_logs(context.events) if candidate.startswith(f"{log.name}:")]
    anchors = read_anchors(context.home)
    found = [each for log in logs for each in mined_candidates(context, log, anchors)]
    for each in found:
        if each.id == candidate:
            return each
    known = [each.id for each in found] or [f"{log.name}:process" for log in all_logs(context.events)]
    raise unknown("candidate", candidate, known, listing="baton candidates")


def plannable_blocks(context: Context, log: str) -> list[str]:
    """Ids of the parts of a process that can be planned, those with most pain first."""
    found = mined_candidates(context, find_log(context.events, log), read_anchors(context.home))
    blocks = [
        each
        for each in found
        if (each.kind == "block" or each.condition is not None) and each.verdict != "refuse"
    ]
    return [each.id for each in sorted(blocks, key=lambda each: -each.pain_share)]

"""Waiting: how long work lies still in each handoff, and why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd

from home.context import Context
from home.contracts import Contract, InputFile, LogName, Request, Response
from home.errors import UsageError
from home.text import duration, percent, table
from mining.calendars import Calendar, read_calendars
from mining.causes import CAUSES, Precedence, waiting_causes
from mining.instances import instances
from mining.lens import lens

UNTIMED = (
    "No instance has a start of its own, so processing cannot be told from waiting: this is the time "
    "between events. Unavailability is what fell outside working hours; extraneous is all the rest, "
    "processing included."
)


class WaitingRequest(Request):
    """Which log, and how seconds with several causes are counted."""

    log: LogName
    """Name of the log."""
    precedence: Precedence = "baton"
    """`baton`: being off duty counts before being busy, and whatever passed while somebody able was
    idle is extraneous. `kronos`: what its resource did in every moment."""
    calendars: Annotated[str | None, InputFile()] = None
    """Working hours as JSON, `{"Anya": [{"days": ["MON"], "from": "09:00", "to": "17:00"}]}`; mined
    from the log where absent. Holidays and other days off are mined in both cases."""
    where: str | None = None
    """Only cases that pass this filter (CEL)."""


class Causes(Contract):
    """Seconds of waiting by cause."""

    batching: float = 0.0
    """Held back until there was enough to do together."""
    contention: float = 0.0
    """Its resource was busy with what had come earlier."""
    prioritisation: float = 0.0
    """Its resource was busy with what had come later."""
    unavailability: float = 0.0
    """Its resource was off duty."""
    extraneous: float = 0.0
    """None of these: the customer, another system, or nobody looked."""

    @property
    def total(self) -> float:
        """All causes together."""
        return self.batching + self.contention + self.prioritisation + self.unavailability + self.extraneous


class Handoff(Contract):
    """Waiting between one activity and the next."""

    source: str
    source_resource: str | None
    target: str
    target_resource: str | None
    times: int
    cases: int
    total_s: float
    causes: Causes


class ActivityWaiting(Contract):
    """Waiting before one activity."""

    activity: str
    times: int
    total_s: float
    mean_s: float
    top_cause: str
    causes: Causes


class WaitingResponse(Response):
    """Where the waiting is and what caused it. Causes add up to the total."""

    log: str
    cases: int
    total_s: float
    """Seconds of waiting in all cases together."""
    share_of_cycle: float | None
    """Share of the cases' cycle times, added up, that is waiting; above 1 where branches run in parallel."""
    causes: Causes
    activities: list[ActivityWaiting]
    """Waiting before each activity, most first."""
    handoffs: list[Handoff]
    """Waiting by activity and resource on both sides, most first."""
    processing_known: bool
    """Whether instances have starts, so that processing is not counted as waiting."""
    calendars: Literal["mined", "given"]
    note: str | None = None

    def lines(self) -> Iterator[str]:
        """Causes with their shares, then the activities that wait most."""
        what = "waiting" if self.processing_known else "time between events"
        per_case = duration(self.total_s / self.cases) if self.cases else "–"
        yield f"{self.log}: {duration(self.total_s)} of {what} in {self.cases:,} cases, {per_case} per case"
        for cause in sorted(CAUSES, key=lambda name: -getattr(self.causes, name)):
            seconds = getattr(self.causes, cause)
            yield f"  {cause:<15} {percent(seconds / self.total_s if self.total_s else 0.0):>7}"
        yield ""
        rows = [
            {"before": a.activity, "times": a.times, "mean_s": a.mean_s, "total_s": a.total_s,
             "mostly": a.top_cause, "share": percent(getattr(a.causes, a.top_cause) / a.total_s)}
            for a in self.activities[:12] if a.total_s > 0
        ]  # fmt: skip
        yield from table(rows)
        if self.note:
            yield f"\n{self.note}"


def waiting(context: Context, request: WaitingRequest) -> WaitingResponse:
    """Every second between the moment work was possible and the moment it began gets exactly one cause.

    Work is possible when what came before it in its case has ended, activities that run in parallel
    apart. Working hours are computed in the log's time zone.
    """
    given = _given(request.calendars)
    with lens(context, request.log, where=request.where) as view:
        log = view.some().log
        wanted = None
        if request.where:
            wanted = [row[0] for row in view.cursor.execute("select case_id from cv").fetchall()]
    with lens(context, request.log) as whole:
        frame = instances(whole.cursor, attributes=False)
    # Others' work keeps a resource busy too, so causes are found in the whole log and narrowed after.
    context.job.progress(None, f"Finding the causes of waiting in {log.name}")
    found = context.compute(waiting_causes, frame, tz=log.tz, calendars=given, precedence=request.precedence)
    return summarise(
        found, log.name, cases=wanted, processing_known=log.timed, calendars="given" if given else "mined"
    )


def _given(path: str | None) -> dict[str, Calendar] | None:
    if path is None:
        return None
    try:
        return read_calendars(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The calendars file {path!r} cannot be read: {error}.") from error


def summarise(
    found: pd.DataFrame,
    log: str,
    *,
    cases: list[str] | None = None,
    processing_known: bool = True,
    calendars: Literal["mined", "given"] = "mined",
) -> WaitingResponse:
    """The response from the table that `waiting_causes` makes, for some of its cases or all."""
    handed = found[found["source"] >= 0].copy()
    source = handed["source"].to_numpy()
    handed["from"] = found["activity"].to_numpy()[source]
    handed["from_resource"] = found["resource"].astype(object).to_numpy()[source]
    handed["resource"] = handed["resource"].astype(object)
    if cases is not None:
        found, handed = (t[t["case"].isin(cases)] for t in (found, handed))
    causes = _causes(handed[list(CAUSES)].sum())
    spans = found.groupby("case").agg(first=("start", "min"), last=("end", "max"))
    cycle = float((spans["last"] - spans["first"]).dt.total_seconds().sum())
    return WaitingResponse(
        log=log,
        cases=len(spans),
        total_s=round(causes.total, 3),
        share_of_cycle=round(causes.total / cycle, 4) if cycle > 0 else None,
        causes=causes,
        activities=_activities(handed),
        handoffs=_handoffs(handed),
        processing_known=processing_known,
        calendars=calendars,
        note=None if processing_known else UNTIMED,
    )


def _causes(seconds: "pd.Series[float]") -> Causes:
    return Causes(**{cause: round(float(seconds[cause]), 3) for cause in CAUSES})


def _activities(handed: pd.DataFrame) -> list[ActivityWaiting]:
    groups = handed.groupby("activity")
    sums = groups[list(CAUSES)].sum()
    sums["times"] = groups.size()
    rows = []
    for row in sums.reset_index().to_dict("records"):
        causes = Causes(**{cause: round(float(row[cause]), 3) for cause in CAUSES})
        rows.append(
            ActivityWaiting(
                activity=str(row["activity"]),
                times=int(row["times"]),
                total_s=round(causes.total, 3),
                mean_s=round(causes.total / row["times"], 3),
                top_cause=max(CAUSES, key=row.__getitem__),
                causes=causes,
            )
        )
    return sorted(rows, key=lambda row: (-row.total_s, row.activity))


def _handoffs(handed: pd.DataFrame) -> list[Handoff]:
    keys = ["from", "from_resource", "activity", "resource"]
    groups = handed.groupby(keys, dropna=False)
    sums = groups[list(CAUSES)].sum()
    sums["times"], sums["cases"] = groups.size(), groups["case"].nunique()
    rows = []
    for row in sums.reset_index().to_dict("records"):
        causes = Causes(**{cause: round(float(row[cause]), 3) for cause in CAUSES})
        who = [None if pd.isna(row[k]) else str(row[k]) for k in ("from_resource", "resource")]
        rows.append(
            Handoff(
                source=str(row["from"]),
                source_resource=who[0],
                target=str(row["activity"]),
                target_resource=who[1],
                times=int(row["times"]),
                cases=int(row["cases"]),
                total_s=round(causes.total, 3),
                causes=causes,
            )
        )
    return sorted(rows, key=lambda row: -row.total_s)

"""What the mining room is asked and answers."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from home.contracts import Contract, FileResponse, InputFile, LogName, Option, OutputFile, Request, Response
from home.text import duration, percent, plain, table

Seconds = float | None


class LogRequest(Request):
    """A question to one log."""

    log: LogName
    """The log's name; `baton logs` lists them."""
    view: Literal["instances", "events"] = "instances"
    """Activity instances, or the raw events they were paired from."""
    where: Annotated[str | None, Option(("--where",), "CEL")] = None
    """Only the cases that pass, as in: case.amount > 1000 && contains("Approve"); `saved("NAME")` stands for
    a saved filter."""


class TimedRequest(LogRequest):
    """A question about durations."""

    time: Literal["calendar", "working"] = "calendar"
    """`working` counts only working hours, without nights, weekends and holidays."""
    calendar: Annotated[str | None, InputFile()] = None
    """Working hours as JSON, as `baton waiting --calendars` takes them; mined from the log where absent."""


class MapRequest(TimedRequest):
    """Asks for the directly-follows map."""


class MapActivity(Contract):
    """One activity on the map."""

    activity: str
    events: int
    """Times it was done."""
    cases: int
    """Cases in which it was done."""
    mean_s: Seconds = None
    """Processing time; absent where the log has no start times."""
    median_s: Seconds = None
    p90_s: Seconds = None
    total_s: Seconds = None


class Flow(Contract):
    """`target` directly follows `source` within a case; times run from the end of the one to the start
    of the other, 0 where they overlap."""

    source: str
    target: str
    events: int
    """Times seen."""
    cases: int
    """Cases in which it was seen."""
    mean_s: Seconds = None
    median_s: Seconds = None
    p90_s: Seconds = None
    total_s: Seconds = None


class Boundary(Contract):
    """An activity that cases begin or end with."""

    activity: str
    cases: int


class AddedStep(Contract):
    """A step that people added to the log by hand; there are no events of it."""

    step: str
    after: str
    """The activity it follows."""
    before: str | None
    """The activity it precedes; none: whatever comes next."""
    typical_s: Seconds = None
    role: str | None = None
    evidence: str
    """Who added it and when, and that it was not observed."""

    @property
    def told(self) -> str:
        """The step, its place, and that a person said so, in one line."""
        place = f"after {self.after!r}" + (f", before {self.before!r}" if self.before else "")
        usual = f" (usually {duration(self.typical_s)})" if self.typical_s else ""
        return f"{self.step!r} {place}{usual}: {self.evidence}"


class Map(Response):
    """The directly-follows map of a log."""

    log: str
    cases: int
    """Cases in view."""
    activities: list[MapActivity]
    flows: list[Flow]
    starts: list[Boundary]
    ends: list[Boundary]
    added: list[AddedStep] = []
    """Steps that no system records, noted on paths by hand."""
    measured_in: str = "calendar time"
    """`calendar time`, or working time with its hours."""
    message: str = ""
    """Says so when a filter leaves nothing."""

    def lines(self) -> Iterator[str]:
        """Activities and flows, most frequent first, and where cases begin and end."""
        if self.message:
            yield self.message
            return
        counts = f"{len(self.activities):,} activities, {len(self.flows):,} flows"
        yield f"{plain(self.log)}: {self.cases:,} cases, {counts}"
        if self.measured_in != "calendar time":
            yield f"In {self.measured_in}."
        for title, side in (("Cases begin with", self.starts), ("Cases end with", self.ends)):
            shown = [f"{plain(b.activity)} ({percent(b.cases / self.cases)})" for b in side[:5]]
            yield f"{title}: {', '.join(shown)}{f' and {len(side) - 5} more' if len(side) > 5 else ''}"
        for step in self.added:
            yield plain(f"No system records {step.told}")
        timed = ("median_s", "p90_s", "total_s") if any(a.mean_s for a in self.activities) else ()
        yield ""
        yield from top(self.activities, ("activity", "events", "cases", *timed))
        yield ""
        yield from top(self.flows, ("source", "target", "events", "cases", "median_s", "p90_s"))


class VariantsRequest(TimedRequest):
    """Asks for the variants of a log."""

    top: Annotated[int | None, Field(ge=1)] = None
    """Only the N commonest."""


class Variant(Contract):
    """One sequence of activities that cases follow."""

    variant: int
    """Its number, from 1; stays the same as the log grows. A filter may say `variant == 1`."""
    cases: int
    share: float
    """Of the cases in view."""
    mean_s: float
    """Cycle time."""
    median_s: float
    p90_s: float
    activities: list[str]


class Variants(Response):
    """The variants of a log, commonest first."""

    log: str
    cases: int
    """Cases in view."""
    total: int
    """Variants in view."""
    variants: list[Variant]
    measured_in: str = "calendar time"
    """`calendar time`, or working time with its hours."""
    message: str = ""

    def lines(self) -> Iterator[str]:
        """One line per variant, with what its cases do."""
        if self.message:
            yield self.message
            return
        shown = self.variants[:20]
        covered = percent(sum(v.share for v in shown))
        yield f"{plain(self.log)}: {self.cases:,} cases in {self.total:,} variants; those shown are {covered}"
        if self.measured_in != "calendar time":
            yield f"In {self.measured_in}."
        yield ""
        for v in shown:
            yield (
                f"{v.variant:>5}  {percent(v.share):>7}  {v.cases:>9,}  {duration(v.median_s):>8}  "
                + " → ".join(map(plain, v.activities))
            )
        if self.total > len(shown):
            yield f"… and {self.total - len(shown):,} more; `--json` has all of them."


class DiscoverRequest(LogRequest):
    """Asks for a model of the process."""

    miner: Literal["inductive", "heuristics", "split", "grow"] = "inductive"
    """`grow` finds the tree that plans are made from."""
    noise: Annotated[float | None, Field(ge=0, le=1)] = None
    """How much rare behaviour is left out; 0 for `inductive` and `heuristics` where not given, and for
    `split` the percentile of flows that are left out, 0.4 where not given."""
    budget_s: Annotated[float, Option(("--budget",), "SECONDS"), Field(gt=0)] = 20.0
    """Time that fitness may take; what could not be aligned by then is left out and said."""
    bpmn: Annotated[str | None, OutputFile()] = None
    """Write the model as BPMN 2.0 with a diagram to this file; `-` prints it."""


class Discovered(FileResponse):
    """A model, and how well it describes the log."""

    log: str
    miner: str
    process_tree: str | None
    """In the usual notation; absent where a miner finds no tree."""
    sound: bool
    """Every case can end, and nothing is left behind; process trees always are."""
    fitness: float | None
    """How much of the cases' behaviour the model explains, by alignments, from 0 to 1."""
    precision: float | None
    """Of what the model allows after what the log shows, the share that the log shows."""
    generalisation: float | None = None
    """1 − mean over the model's activities of 1/√executions: how often its parts were used; a hint (Buijs,
    van Dongen and van der Aalst 2012)."""
    coverage: float | None
    """Share of cases that the model accepts exactly."""
    size: int
    """Activities, gateways and events of the model as BPMN."""
    cfc: int
    """Control-flow complexity (Cardoso 2005)."""
    measured: float
    """Share of cases that these figures were measured on: rare variants are left out past the budget."""
    message: str = ""

    def lines(self) -> Iterator[str]:
        """The model, then its figures."""
        if self.process_tree:
            yield plain(self.process_tree)
            yield ""
        yield f"sound {'yes' if self.sound else 'no'} · size {self.size} · control-flow complexity {self.cfc}"
        yield (
            f"fitness {percent(self.fitness)} · precision {percent(self.precision)} · "
            f"coverage {percent(self.coverage)} of the cases accepted exactly"
        )
        if self.generalisation is not None:
            yield f"generalisation {percent(self.generalisation)}: how often each part of it was used, a hint"
        if self.measured < 1:
            yield f"measured on {percent(self.measured)} of the cases"
        if self.message:
            yield self.message
        if self.path:
            yield f"Written: {self.path}"


def top(records: list[MapActivity] | list[Flow], columns: tuple[str, ...], most: int = 25) -> Iterator[str]:
    """The first records as a table, and how many are left out."""
    yield from table([record.model_dump() for record in records[:most]], columns)
    if len(records) > most:
        yield f"… and {len(records) - most:,} more; `--json` has all of them."

"""What `baton quality` is asked and what it answers."""

from collections.abc import Iterator
from typing import Literal

from home.contracts import Contract, LogName, Request, Response
from home.text import percent, plain
from ingest.contracts import Finding, Moment, Severity

Verdict = Literal["pass", "pilot", "refuse"]
WORSE: tuple[Verdict, ...] = ("pass", "pilot", "refuse")
"""Verdicts, each worse than the one before."""


class QualityRequest(Request):
    """Which log to look at."""

    log: LogName
    """Name of the event log."""


class QualityFinding(Contract):
    """Something in a log that makes what is mined from it less certain."""

    code: str
    """Stable name: `cut_at_end`, `likely_bots`, …"""
    severity: Severity
    """`info`: good to know; `warning`: some answers are wrong if nobody looks; `error`: rows are missing."""
    count: int
    """How many cases, events, activities or people it concerns."""
    share: float | None = None
    """Of all of them, where that says something."""
    message: str
    """What was found, in words."""
    do: str = ""
    """What to do about it."""
    examples: tuple[str, ...] = ()
    """A few to look at: case ids, or the names of activities and resources."""
    examples_are: Literal["cases", "names"] = "cases"
    command: str = ""
    """A command line that would mend it."""


class SourceFindings(Contract):
    """What was found when one source was loaded."""

    source: str
    loaded_at: Moment
    seen: int
    loaded: int
    set_aside: int
    findings: tuple[Finding, ...]


class Check(Contract):
    """One line of the quality gate: what was measured, against which limits, with which outcome."""

    check: str
    words: str
    """What it asks, in words."""
    value: float
    unit: str = "share"
    """`share` (0 to 1) or `cases`."""
    verdict: Verdict
    note: str = ""
    """Why it does not pass, or what to keep in mind."""

    @property
    def effect(self) -> str:
        """What its note means for a plan."""
        return {"pass": "keep in mind", "pilot": "pilot only", "refuse": "no plan"}[self.verdict]


class Gate(Contract):
    """Whether a log is good enough to redesign a process from it."""

    verdict: Verdict
    """The worst of the checks."""
    checks: tuple[Check, ...]

    @classmethod
    def of(cls, checks: tuple[Check, ...]) -> "Gate":
        """The gate that these checks make."""
        worst = max((WORSE.index(c.verdict) for c in checks), default=0)
        return cls(verdict=WORSE[worst], checks=checks)

    @property
    def told(self) -> tuple[Check, ...]:
        """The checks that have something to say, the worst first."""
        return tuple(c for v in reversed(WORSE) for c in self.checks if c.verdict == v and c.note)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it does not pass, the worst first; and what to keep in mind."""
        return tuple(check.note for check in self.told)


class Quality(Response):
    """What is known about the quality of a log."""

    log: str
    gate: Gate
    findings: tuple[QualityFinding, ...]
    """Of the log as it is now, the gravest first."""
    sources: tuple[SourceFindings, ...]
    """Of each source when it was loaded."""

    def lines(self) -> Iterator[str]:
        """The gate's verdict, the findings with what to do, and what each source brought."""
        words = {
            "pass": "good enough to redesign from",
            "pilot": "good enough for a pilot only",
            "refuse": "not good enough to redesign from",
        }
        yield plain(f"{self.log}: {words[self.gate.verdict]}.")
        yield from (plain(f"  {check.effect}: {check.note}") for check in self.gate.told)
        yield ""
        if not self.findings:
            yield "Nothing stands out in the log as it is now."
        for f in self.findings:
            share = f" ({percent(f.share)})" if f.share is not None else ""
            yield plain(f"{f.severity}: {f.message}{share}")
            if f.examples:
                yield plain(f"  such as {', '.join(f.examples)}")
            if f.do:
                yield plain(f"  {f.do}")
            if f.command:
                yield plain(f"  {f.command}")
        for source in self.sources:
            yield ""
            yield plain(
                f"{source.source}, loaded {source.loaded_at:%Y-%m-%d %H:%M}: {source.loaded:,} of "
                f"{source.seen:,} rows, {source.set_aside:,} set aside."
            )
            for finding in source.findings:
                where = f" ({finding.where})" if finding.where else ""
                yield plain(f"  {finding.severity}: {finding.message}{where}")

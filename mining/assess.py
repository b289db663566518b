"""`baton assess`: whether to orchestrate a candidate now, in which style, and what it is worth."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from home.context import Context
from home.contracts import Argument, FileResponse, Option, OutputFile, Request
from home.text import plain
from ingest.quality.command import quality_gate
from mining.business_case import SAVED, BusinessCase, business_case
from mining.candidates import Candidate, CandidatesRequest, candidates, find_candidate
from mining.readiness import NOS, QUESTIONS, Readiness, answers, readiness
from mining.strategy import CHOICES, Strategy, strategy

YES_NO = ("yes", "no", "unknown")
KNOWN = {**dict.fromkeys(QUESTIONS, YES_NO), **CHOICES}


class AssessRequest(Request):
    """Which candidate, and what people know of it."""

    candidate: Annotated[str, Argument("CANDIDATE")]
    """Id, as `baton candidates` shows it."""
    answer: Annotated[tuple[str, ...], Option(("--answer",), "QUESTION=ANSWER")] = ()
    """What the log cannot know, repeated for each: owned=yes, reachable=no, sites=several,
    realtime-ai=no, microservices=no, consistency=strict."""
    rate: float | None = Field(default=None, gt=0)
    """What an hour of work costs; the setting `rate` where not given."""
    running_cost: float = Field(default=0.0, ge=0)
    """What the orchestration costs to run, per year."""
    build_cost: float = Field(default=0.0, ge=0)
    """What it costs to build, once."""
    saves: Annotated[str, Option(("--saves",), "FROM-TO")] = f"{SAVED[0]}-{SAVED[1]}"
    """Share of the pain that is assumed to go, from and to: 0.2-0.6."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Write a page to hand on, in HTML that prints on one sheet; `-` prints it."""

    @model_validator(mode="after")
    def _readable(self) -> "AssessRequest":
        span(self.saves)
        return self


class Assessment(FileResponse):
    """Whether to orchestrate a candidate now, in which style, and what it is worth."""

    candidate: str
    label: str
    total: int
    verdict: Literal["go", "pilot", "not now"]
    because: str
    readiness: list[Readiness]
    strategy: Strategy
    business_case: BusinessCase

    def lines(self) -> Iterator[str]:
        """The verdict, the six answers, the style and the range."""
        yield plain(f"{self.label} ({self.candidate}): {self.verdict}. {self.because}")
        yield ""
        for each in self.readiness:
            ask = f" (--answer {each.question}=yes or no)" if each.answer == "unknown" else ""
            yield plain(f"  {each.answer:<8}{each.words} {each.evidence}{ask}")
        yield ""
        yield f"Suggested style: {self.strategy.words}."
        for point in self.strategy.points:
            speaks = f" → {point.speaks_for}" if point.speaks_for else ""
            asked = CHOICES.get(point.point) if point.by == "nobody" else None
            choices = f" (--answer {point.point}={'|'.join(asked)})" if asked else ""
            yield plain(f"  {point.point}: {point.value}{speaks}; {point.why}{choices}")
        yield ""
        yield f"Worth: {self.business_case.words}"


def assess(context: Context, request: AssessRequest) -> Assessment:
    """Say whether to orchestrate a candidate now, in which style, and what that is worth.

    Six questions are answered from the log where it knows and by `--answer` where it does not; two or more
    answers of no mean a smaller pilot first. The worth is a range, with running costs taken off.
    """
    said = answers(request.answer, KNOWN)
    log = find_candidate(context, request.candidate).log
    listed = candidates(context, CandidatesRequest(logs=(log,), rate=request.rate)).candidates
    candidate = next(each for each in listed if each.id == request.candidate)
    ready = readiness(
        candidate,
        quality_gate(context, log),
        {q: a for q, a in said.items() if q in QUESTIONS},  # type: ignore[misc]
    )
    verdict, because = _verdict(candidate, ready)
    found = Assessment(
        candidate=candidate.id,
        label=candidate.label,
        total=candidate.total,
        verdict=verdict,
        because=because,
        readiness=ready,
        strategy=strategy(candidate, {q: a for q, a in said.items() if q in CHOICES}),
        business_case=business_case(
            candidate.hours_per_week,
            request.rate or context.settings.rate,
            saved=span(request.saves),
            running_cost=request.running_cost,
            build_cost=request.build_cost,
        ),
    )
    if request.output is None:
        return found
    from mining.one_page import one_page

    return found.model_copy(update={"content": one_page(candidate, found, context.clock.now())})


def _verdict(candidate: Candidate, ready: list[Readiness]) -> tuple[Literal["go", "pilot", "not now"], str]:
    nos = [each.question for each in ready if each.answer == "no"]
    open_ones = [each.question for each in ready if each.answer == "unknown"]
    still = f" Still to answer: {', '.join(open_ones)}." if open_ones else ""
    if candidate.verdict == "refuse":
        return "not now", f"It cannot be planned: {candidate.because}{still}"
    if len(nos) >= NOS:
        return "pilot", f"{len(nos)} answers are no ({', '.join(nos)}): begin with a smaller pilot.{still}"
    if candidate.verdict == "pilot":
        return "pilot", f"{candidate.because}{still}"
    return "go", f"{len(nos)} of {len(ready)} answers {'is' if len(nos) == 1 else 'are'} no.{still}"


def span(text: str) -> tuple[float, float]:
    """`0.2-0.6` as two shares; raises `ValueError` for anything else."""
    low, dash, high = text.partition("-")
    try:
        found = float(low), float(high or low)
    except ValueError:
        dash, found = "", (-1.0, -1.0)
    if (high and not dash) or not 0 <= found[0] <= found[1] <= 1:
        raise ValueError(f"--saves {text!r} is no range of shares; write 0.2-0.6")
    return found

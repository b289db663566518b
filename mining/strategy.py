"""Which style of orchestration suits a candidate: a checklist whose every point says what it speaks for."""

from collections.abc import Mapping
from typing import Literal

from home.contracts import Contract
from mining.candidates import Candidate

Style = Literal["central", "people", "events", "hybrid"]
STYLES: dict[Style, str] = {
    "central": "central orchestration: one plan calls the systems in turn, and undoes it all when one fails",
    "people": "orchestration around people: tasks with SLA and escalation, systems called in between",
    "events": "event-driven: systems react to each other's events, and a thin plan watches the whole",
    "hybrid": "a central plan for the whole, events inside its parts",
}
CHOICES = {
    "sites": ("one", "several"),
    "realtime-ai": ("yes", "no"),
    "microservices": ("yes", "no"),
    "consistency": ("strict", "eventual"),
}
"""What only people know, with the answers there are."""
ASKED = {
    "sites": "is it done at one site, or at several?",
    "realtime-ai": "must a model answer on the fly?",
    "microservices": "do the systems publish events of their own?",
    "consistency": "must all of it be done or none, at any moment?",
}
MANY_SYSTEMS = 3
MANY_HANDOFFS = 2.0


class Point(Contract):
    """One line of the checklist."""

    point: str
    value: str
    by: Literal["log", "person", "nobody"]
    speaks_for: Style | None
    """The style it speaks for; absent where it speaks for none or is not known."""
    why: str


class Strategy(Contract):
    """The checklist and the style it suggests."""

    style: Style
    words: str
    points: list[Point]
    sure: bool
    """No point is left open."""


def strategy(candidate: Candidate, said: Mapping[str, str]) -> Strategy:
    """Count what each point speaks for; where central and event-driven both have reasons, both are used."""
    points = [_systems(candidate), _people(candidate), *(_said(name, said.get(name)) for name in CHOICES)]
    votes = [point.speaks_for for point in points if point.speaks_for is not None]
    style: Style = "central"
    if "people" in votes and votes.count("people") >= votes.count("events"):
        style = "people"
    if votes.count("events") > max(votes.count("central"), votes.count("people")):
        style = "events"
    elif "events" in votes and "central" in votes:
        style = "hybrid"
    return Strategy(
        style=style, words=STYLES[style], points=points, sure=all(p.by != "nobody" for p in points)
    )


def _systems(candidate: Candidate) -> Point:
    systems = candidate.systems_per_case
    return Point(
        point="systems",
        value=f"{systems:.1f} systems per case" if systems else "the log names no system",
        by="log" if systems else "nobody",
        speaks_for="central" if systems >= MANY_SYSTEMS else None,
        why=_of_systems(systems),
    )


def _of_systems(systems: float) -> str:
    if not systems:
        return "load each source with --system NAME, and it is known"
    many = systems >= MANY_SYSTEMS
    return "who did what is lost between many systems without one plan that knows" if many else "few systems"


def _people(candidate: Candidate) -> Point:
    many = candidate.handoffs_per_case >= MANY_HANDOFFS
    return Point(
        point="human decisions",
        value=f"{candidate.handoffs_per_case:.1f} handoffs per case",
        by="log",
        speaks_for="people" if many else None,
        why="work waits where it is handed over; tasks need due times and deputies"
        if many
        else "few handoffs",
    )


SAID: dict[tuple[str, str], tuple[Style | None, str]] = {
    ("sites", "several"): ("central", "workers at each site on one database keep one truth"),
    ("sites", "one"): (None, "one site sets no limits"),
    ("realtime-ai", "yes"): ("events", "models that answer on the fly react to events, not to a plan's turn"),
    ("realtime-ai", "no"): (None, "nothing must react within a second"),
    ("microservices", "yes"): ("events", "services that publish what they did can react to each other"),
    ("microservices", "no"): (None, "systems have to be called or read"),
    ("consistency", "strict"): (
        "central",
        "all or nothing needs compensation in reverse order, in one place",
    ),
    ("consistency", "eventual"): ("events", "parts may catch up with each other later"),
}


def _said(name: str, answer: str | None) -> Point:
    if answer is None:
        return Point(point=name, value="not known", by="nobody", speaks_for=None, why=ASKED[name])
    style, why = SAID[name, answer]
    return Point(point=name, value=answer, by="person", speaks_for=style, why=why)

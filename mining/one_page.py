"""The page a manager hands on: a candidate's scores, evidence, readiness and worth, on one printed sheet."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from mining.candidates import Candidate
from mining.why import Term

if TYPE_CHECKING:
    from mining.assess import Assessment


def one_page(candidate: Candidate, found: "Assessment", at: datetime) -> str:
    """A whole HTML document without scripts or anything from outside; every text from the log is escaped."""
    style = files("mining").joinpath("one_page.css").read_text(encoding="utf-8")
    low, high = candidate.interval.total
    saved = found.business_case.saved_share
    by_hand = (f"{o.score} was set to {o.value} by {o.by}: {o.why}" for o in candidate.overrides)
    scores = "".join(
        f"<div><b>{value}</b>{escape(name)}</div>"
        for name, value in (
            ("frequency", candidate.frequency),
            ("pain", candidate.pain),
            ("stability", candidate.stability),
            (f"of 15 ({low}–{high} in resampled histories)", candidate.total),
        )
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(candidate.label)}</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head><body>
<p class="soft">Candidate {escape(candidate.id)} · {at:%Y-%m-%d} · scores run from 1 to 5</p>
<h1>{escape(candidate.label)}: {escape(found.verdict)}</h1>
<p>{escape(found.because)}</p>
<div class="scores">{scores}</div>
<p>{candidate.cases_per_week:,.1f} cases a week, {candidate.hours_per_case:,.2f} labour-equivalent hours
of pain per case, {candidate.handoffs_per_case:.1f} handoffs and
{candidate.systems_per_case:.1f} systems per case.</p>
<h2>Worth</h2><p>{escape(found.business_case.words)}</p>
<p class="soft">Assumes that {saved[0]:.0%} to {saved[1]:.0%} of the pain goes; real runs replace that.</p>
<h2>Readiness</h2>
{_table(("", "question", "evidence"), ((r.answer, r.words, r.evidence) for r in found.readiness))}
<h2>Style: {escape(found.strategy.words)}</h2>
{_table(("point", "found", "why"), ((p.point, p.value, p.why) for p in found.strategy.points))}
<h2>Why these scores</h2>
{_table(("score", "figure", "value"), _terms(candidate))}
{"".join(f"<p>{escape(note)}</p>" for note in (*candidate.why.notes, *by_hand))}
</body></html>
"""


def _terms(candidate: Candidate) -> Iterable[tuple[str, str, str]]:
    for name in ("frequency", "pain", "stability"):
        terms: list[Term] = getattr(candidate.why, name)
        for term in terms:
            if term.value is not None:
                score = "" if term.score is None else f" → {term.score}"
                yield name, term.words, f"{term.value:,.3g} {term.unit}{score}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"

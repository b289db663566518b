"""Is it time to orchestrate this? Six questions, answered from the log where it knows, else by people."""

from collections.abc import Mapping
from typing import Literal

from home.contracts import Contract
from home.errors import UsageError
from ingest.quality.contracts import Gate
from mining.candidates import Candidate

Answer = Literal["yes", "no", "unknown"]
QUESTIONS = {
    "volume": "Does it happen often enough to repay the work?",
    "stable": "Has it settled, so that what is built stays right?",
    "recorded": "Is what happens recorded well enough to plan from?",
    "codified": "Can its paths be written down, with people deciding only where they must?",
    "reachable": "Can the systems it touches be called, or hand work over?",
    "owned": "Does one person answer for the whole of it, across departments?",
}
NOS = 2
"""So many answers of no, and a smaller pilot comes first."""


class Readiness(Contract):
    """One question and its answer."""

    question: str
    """`volume`, `stable`, `recorded`, `codified`, `reachable` or `owned`."""
    words: str
    answer: Answer
    by: Literal["log", "person", "nobody"]
    evidence: str


def readiness(candidate: Candidate, gate: Gate, said: Mapping[str, Answer]) -> list[Readiness]:
    """The six answers; what a person says goes before what the log says."""
    found = {**_from_log(candidate, gate), **{q: (a, "a person says so") for q, a in said.items()}}
    return [
        Readiness(
            question=question,
            words=words,
            answer=found[question][0],
            by="person" if question in said else "nobody" if found[question][0] == "unknown" else "log",
            evidence=found[question][1],
        )
        for question, words in QUESTIONS.items()
    ]


def _from_log(candidate: Candidate, gate: Gate) -> dict[str, tuple[Answer, str]]:
    per_week = f"{candidate.cases_per_week:,.1f} cases a week (frequency {candidate.frequency})"
    stable = f"stability {candidate.stability} of 5"
    problems = " ".join(gate.reasons)
    return {
        "volume": ("yes" if candidate.frequency >= 3 else "no", per_week),
        "stable": ("yes" if candidate.stability >= 3 else "no", stable),
        "recorded": ("yes" if gate.verdict == "pass" else "no", problems or "no check of its quality failed"),
        "codified": ("yes" if candidate.verdict == "plan" else "no", candidate.because),
        "reachable": ("unknown", "no log can tell"),
        "owned": ("unknown", "no log can tell"),
    }


def answers(pairs: tuple[str, ...], known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """`QUESTION=ANSWER` texts as a mapping; raises `UsageError` for a question or answer not `known`."""
    from difflib import get_close_matches

    found: dict[str, str] = {}
    for pair in pairs:
        question, equals, answer = (part.strip() for part in pair.partition("="))
        if question not in known:
            near = get_close_matches(question, known, n=1)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(f"{question!r} is no question.", hint=f"{meant}There are {', '.join(known)}.")
        if not equals or answer not in known[question]:
            choices = ", ".join(known[question])
            raise UsageError(f"--answer {pair!r}: the answer to {question!r} is one of {choices}.")
        found[question] = answer
    return found

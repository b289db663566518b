"""Whether to orchestrate a candidate now: six questions, a style, and what it is worth."""

from typing import Any

import streamlit as st

from dashboard.cached import now
from dashboard.parts.plain import literal
from mining.readiness import QUESTIONS
from mining.strategy import ASKED, CHOICES

ICONS = {"yes": ":green[:material/check_circle:]", "no": ":red[:material/cancel:]"}
OPEN = ":gray[:material/help:]"
VERDICTS = {
    "go": ":green-badge[go]",
    "pilot": ":orange-badge[pilot first]",
    "not now": ":gray-badge[not now]",
}


def assessment(chosen: Any, rate: float | None) -> None:
    """The verdict with its six answers; what people know is asked beside it."""
    with st.expander("Is it time? Readiness, style and worth", icon=":material/fact_check:"):
        asked, told = st.columns([2, 3], gap="large")
        with asked:
            answers, costs = _asked(chosen)
        found = now("assess", candidate=chosen.id, answer=answers, rate=rate, output="page.html", **costs)
        with told:
            _told(found)
        st.download_button(
            "Page to hand on",
            found.content or "",
            file_name=f"{chosen.id.replace(':', '-')}.html",
            mime="text/html",
            icon=":material/print:",
            help="One sheet when printed.",
            on_click="ignore",
        )


def _asked(chosen: Any) -> tuple[tuple[str, ...], dict[str, float]]:
    """What the log cannot know."""
    st.caption("What the log cannot know")
    answers: list[str] = []
    for question in ("reachable", "owned"):
        answers += _choice(chosen, question, QUESTIONS[question], ("yes", "no"))
    for point, choices in CHOICES.items():
        answers += _choice(chosen, point, ASKED[point].capitalize(), choices)
    running, build = st.columns(2)
    costs = {
        "running_cost": running.number_input(
            "To run, a year", min_value=0.0, step=1000.0, key=f"running:{chosen.id}"
        ),
        "build_cost": build.number_input(
            "To build, once", min_value=0.0, step=1000.0, key=f"build:{chosen.id}"
        ),
    }
    return tuple(answers), costs


def _choice(chosen: Any, name: str, label: str, choices: tuple[str, ...]) -> list[str]:
    said = st.segmented_control(label, choices, key=f"assess:{chosen.id}:{name}")
    return [f"{name}={said}"] if said else []


def _told(found: Any) -> None:
    st.markdown(f"{VERDICTS[found.verdict]} {literal(found.because, longest=400)}")
    for each in found.readiness:
        st.markdown(
            f"{ICONS.get(each.answer, OPEN)} {literal(each.words, longest=120)} "
            f":gray[{literal(each.evidence, longest=300)}]"
        )
    st.caption("Suggested style")
    st.text(found.strategy.words)
    for point in found.strategy.points:
        if point.speaks_for:
            st.markdown(
                f":gray[{literal(point.point)}: {literal(point.value)}; {literal(point.why, longest=200)}]"
            )
    st.caption("Worth")
    st.text(found.business_case.words)

"""The BPMN view: a plan as a diagram, or the as-is beside the to-be, with the changed steps marked."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, TypedDict

import streamlit as st

from dashboard.components import assets


class Highlight(TypedDict, total=False):
    """A step to mark: by its element id, with a short text on its badge and more in its title.

    `view` says in which diagram, by default the to-be (or the only one).
    """

    element: str
    view: Literal["as_is", "to_be"]
    tone: Literal["changed", "added", "removed", "info"]
    text: str
    title: str


class Picked(TypedDict):
    """The element that was selected: its id, name and BPMN type, and in which diagram."""

    view: Literal["as_is", "to_be"]
    element: str
    name: str
    type: str


@cache
def _component() -> Callable[..., Any]:
    component: Callable[..., Any] = st.components.v2.component(
        "baton.bpmn_view",
        html='<div class="root bpmn-view"></div>',
        css=assets.style("bpmn_view.css"),
        js=assets.LOADER,
    )
    return component


def bpmn_view(
    xml: str,
    *,
    key: str,
    to_be: str | None = None,
    titles: tuple[str, str] = ("As it is", "As it could be"),
    highlights: Sequence[Highlight] = (),
    height: int = 420,
    on_select: Callable[[Picked], None] | None = None,
) -> Picked | None:
    """Show BPMN 2.0 and return the element selected in this run, if any.

    With `to_be`, `xml` is the as-is and both are shown under their `titles`; without it one diagram is shown
    with no title. A diagram without positions is laid out in the browser. `height` is that of one diagram in
    pixels. `on_select` is called before the page runs.
    """

    def selected_now() -> None:
        click = (st.session_state.get(key) or {}).get("click")
        if click and on_select:
            on_select(_picked(click))

    diagrams = [{"view": "as_is" if to_be else "to_be", "xml": xml, "title": titles[0] if to_be else ""}]
    if to_be:
        diagrams.append({"view": "to_be", "xml": to_be, "title": titles[1]})
    result = _component()(
        key=key,
        data={
            "diagrams": diagrams,
            "highlights": [dict(highlight) for highlight in highlights],
            "height": height,
            "assets": {"bundle": assets.url("bpmn_view.js")},
        },
        on_click_change=selected_now,
    )
    click = result.get("click")
    return None if click is None else _picked(click)


def _picked(click: dict[str, Any]) -> Picked:
    return {"view": click["view"], "element": click["element"], "name": click["name"], "type": click["type"]}

"""The BPMN view in a real browser: one diagram or two, marks, selection, and the watermark that stays."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.components import scenes

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_draws_both_diagrams_with_marks_and_watermarks(show: Callable[..., Any], scheme: str) -> None:
    page = show("bpmn", both="1", scheme=scheme)
    assert page.locator(".bpmn-view").get_attribute("data-ready") == "drawn"
    assert page.locator(".djs-shape[data-element-id=step_0]").count() == 2
    assert page.locator(".djs-connection").count() == 6
    assert page.locator(".badge").all_inner_texts() == [scenes.HOSTILE[0]]
    marks = page.locator(".bjs-powered-by")
    assert marks.count() == 2 and all(mark.is_visible() for mark in marks.all())
    name = page.locator("[data-element-id=step_1] text").last.text_content()
    assert "".join(name.split()) == "".join(scenes.HOSTILE[0].split())


def test_a_click_on_an_element_is_sent(show: Callable[..., Any], told: Callable[..., Any]) -> None:
    page = show("bpmn")
    assert page.locator(".pane:visible").count() == 1
    page.locator("[data-element-id=step_0]").click()
    wanted = {"view": "to_be", "element": "step_0", "name": "Check invoice", "type": "UserTask"}
    assert told(page, "result", lambda v: v is not None) == wanted
    assert told(page, "called") == [wanted]


def test_elements_are_reached_by_keyboard(show: Callable[..., Any], told: Callable[..., Any]) -> None:
    page = show("bpmn")
    page.locator(".djs-element[tabindex='0']").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert told(page, "result", lambda v: v is not None)["element"] == "step_1"


def test_diagrams_move_together_when_asked(show: Callable[..., Any]) -> None:
    page = show("bpmn", both="1")
    page.get_by_role("button", name="Move together").click()
    scales = ".viewport"
    page.locator(".pane").first.locator(".canvas").click(position={"x": 5, "y": 5})
    page.locator(".djs-element[tabindex='0']").first.focus()
    page.keyboard.press("-")
    page.keyboard.press("-")
    matrices = page.locator(scales).evaluate_all("v => v.map(e => e.getCTM().a.toFixed(3))")
    assert len(matrices) == 2 and matrices[0] == matrices[1]

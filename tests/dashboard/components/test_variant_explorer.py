"""The variant explorer in a real browser: selection by pointer and keyboard, long or hostile traces."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.components import scenes

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shows_each_variant_with_its_figures(show: Callable[..., Any], scheme: str) -> None:
    page = show("variants", scheme=scheme)
    rows = page.locator(".row")
    assert rows.count() == 4
    assert {"60", "60 %", "60 min"} <= set(rows.nth(0).inner_text().split("\n"))
    assert rows.nth(1).locator(".step").count() == 3
    assert rows.nth(1).locator(".times").inner_text() == "×3"
    assert rows.nth(2).locator(".name").all_text_contents() == list(scenes.HOSTILE[:7])
    assert page.get_by_text("and 36 rarer variants").is_visible()


def test_one_activity_has_one_colour_everywhere(show: Callable[..., Any]) -> None:
    page = show("variants")
    colours = page.locator(".step").evaluate_all(
        "steps => steps.map(s => [s.dataset.activity, getComputedStyle(s).backgroundColor])"
    )
    assert len({tuple(pair) for pair in colours}) == len({name for name, _ in colours})


def test_rows_are_selected_by_pointer(show: Callable[..., Any], told: Callable[..., Any]) -> None:
    page = show("variants")
    page.locator(".row").nth(0).click()
    assert told(page, "result", lambda v: v is not None) == [1]
    page.locator(".row").nth(2).click(modifiers=["Shift"])
    assert told(page, "result", lambda v: v != [1]) == [1, 2, 3]
    page.get_by_role("button", name="Clear selection").click()
    assert told(page, "result", lambda v: v == []) == []
    assert told(page, "called") == [[1], [1, 2, 3], []]


def test_rows_are_selected_by_keyboard(show: Callable[..., Any], told: Callable[..., Any]) -> None:
    page = show("variants")
    page.locator(".row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert told(page, "result", lambda v: v is not None) == [2]
    assert page.locator(".row[aria-selected=true]").count() == 1


def test_a_long_trace_opens_on_demand(show: Callable[..., Any], told: Callable[..., Any]) -> None:
    page = show("variants")
    long = page.locator(".row").nth(3)
    assert long.locator(".step").count() == 60
    long.get_by_text("140 more steps").dispatch_event("click")
    assert long.locator(".step").count() == 200
    assert told(page, "result") is None

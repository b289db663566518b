"""The process map in a real browser: it draws, simplifies, selects, replays, whatever the names are."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.components import scenes

pytestmark = [pytest.mark.browser, pytest.mark.long]

Show = Callable[..., Any]

BRIGHTNESS = """element => getComputedStyle(element).backgroundColor.match(/[\\d.]+/g)
    .slice(0, 3).map(Number).reduce((a, b) => a + b)"""

CONTRASTS = """element => {
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4
    const luminance = colour => {
        const [r, g, b] = colour.match(/\\w\\w/g).map(x => linear(parseInt(x, 16) / 255))
        return .2126 * r + .7152 * g + .0722 * b
    }
    return [...element.querySelectorAll('.node.activity')].map(node => {
        const fill = part => luminance(node.querySelector(part).getAttribute('fill'))
        const [a, b] = [fill('.card'), fill('.name')]
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05)
    })
}"""

COVERED = """element => {
    const boxes = part => [...element.querySelectorAll(part)].map(e => e.getBoundingClientRect())
    const meet = (a, b) => a.left < b.right - 1 && a.right > b.left + 1 &&
        a.top < b.bottom - 1 && a.bottom > b.top + 1
    const cards = boxes('.card')
    return boxes('.label').filter(label => cards.some(card => meet(label, card))).length
}"""

FOCUSED = """() => {
    let at = document.activeElement
    while (at.shadowRoot) at = at.shadowRoot.activeElement
    return at.getAttribute('aria-label')
}"""


def data(page: Any) -> dict[str, str]:
    return page.locator(".process-map").evaluate("e => ({...e.dataset})")


def settle(page: Any, draws: int) -> dict[str, str]:
    page.wait_for_function(
        "n => +document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('.process-map').dataset.draws > n",
        arg=draws,
    )
    return data(page)


def slide(page: Any, name: str, value: int) -> dict[str, str]:
    draws = int(data(page)["draws"])
    page.get_by_label(f"{name} shown").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')) }", value
    )
    return settle(page, draws)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_draws_every_activity_and_path(show: Show, scheme: str) -> None:
    page = show("map", scheme=scheme)
    assert data(page)["ready"] == "graphviz"
    assert page.locator(".node.activity").count() == 5
    assert page.locator(".edge").count() == 9
    assert page.locator(".node.start").count() == page.locator(".node.end").count() == 1
    assert "130 times" in page.locator(".caption").all_text_contents()


def test_dark_mode_follows_the_page(show: Show) -> None:
    light = show("map").locator(".stage").evaluate(BRIGHTNESS)
    dark = show("map", scheme="dark").locator(".stage").evaluate(BRIGHTNESS)
    assert dark < 150 < 600 < light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_cards_is_readable(show: Show, scheme: str) -> None:
    page = show("map", scheme=scheme, compare="1")
    for metric in ("events", "median", "difference"):
        draws = int(data(page)["draws"])
        page.get_by_label("What the map shows").select_option(metric)
        if metric != "events":
            settle(page, draws)
        ratios = page.locator(".process-map").evaluate(CONTRASTS)
        assert min(ratios) >= 4.5, (metric, ratios)


def test_sliders_lay_out_again_without_running_the_page(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    runs = told(page, "runs")
    fewer = slide(page, "Paths", 0)
    assert int(fewer["edges"]) < 9
    assert int(slide(page, "Paths", 100)["edges"]) == 9
    hidden = slide(page, "Activities", 40)
    assert int(hidden["nodes"]) == 4
    assert "2 of 5" in page.locator(".slide output").first.inner_text()
    assert told(page, "runs") == runs


def test_a_click_on_an_activity_is_sent(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    page.locator('.node[data-name="Approve"]').click()
    wanted = {"kind": "activity", "activity": "Approve", "additive": False}
    assert told(page, "result", lambda v: v is not None) == wanted
    assert told(page, "called") == [wanted]
    assert page.locator('.node[data-name="Approve"].selected').count() == 1


def test_the_same_click_twice_is_sent_twice(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    for times in (1, 2):
        page.locator('.node[data-name="Check"]').click()
        told(page, "called", lambda seen, times=times: len(seen) == times)


def test_a_click_on_a_path_is_sent(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    page.get_by_role("button", name="Path from Check to Repair").locator(".hit").dispatch_event("click")
    result = told(page, "result", lambda v: v is not None)
    assert (result["kind"], result["source"], result["target"]) == ("flow", "Check", "Repair")


def test_a_click_on_an_end_is_sent(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    page.get_by_role("button", name="Path from Approve to End").locator(".hit").dispatch_event("click")
    result = told(page, "result", lambda v: v is not None)
    assert (result["kind"], result["activity"]) == ("end", "Approve")


def test_everything_by_keyboard(show: Show, told: Callable[..., Any]) -> None:
    page = show("map")
    page.locator(".node[tabindex='0']").focus()
    assert page.evaluate(FOCUSED).startswith("Start")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED).startswith("Activity Receive")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED).startswith("Activity Check")
    page.keyboard.press("]")
    assert page.evaluate(FOCUSED).startswith("Path from Check to Approve")
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUSED).startswith("Activity Check")
    assert page.locator(".tip").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    scale = ".process-map .drawing"
    before = page.locator(scale).get_attribute("transform")
    page.keyboard.press("+")
    assert page.locator(scale).get_attribute("transform") != before
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    assert told(page, "result", lambda v: v is not None)["activity"] == "Check"


def test_hostile_names_are_shown_as_they_are(show: Show, told: Callable[..., Any]) -> None:
    page = show("map", scene="hostile")
    names = page.locator(".node.activity").evaluate_all("nodes => nodes.map(n => n.dataset.name)")
    assert sorted(names) == sorted(scenes.HOSTILE)
    assert page.locator(".process-map img, .process-map script").count() == 0
    drawn = page.locator(".node.activity").evaluate_all(
        "nodes => Object.fromEntries(nodes.map(n => [n.dataset.name, "
        "[...n.querySelectorAll('.name')].map(t => t.textContent).join('')]))"
    )
    for name in scenes.HOSTILE:
        text = "".join(name.split())
        shown = "".join(drawn[name].split()).removesuffix("…")
        assert shown == "∅" or text.startswith(shown), name
    page.locator(".node.activity").first.hover()
    assert page.locator(".tip strong").inner_text() in scenes.HOSTILE
    page.locator(f'.node[data-name="{scenes.HOSTILE[0]}"]').click()
    assert told(page, "result", lambda v: v is not None)["activity"] == scenes.HOSTILE[0]


def test_labels_cover_no_card(show: Show) -> None:
    for query in ({}, {"scene": "hostile"}, {"metric": "median"}):
        assert show("map", **query).locator(".process-map").evaluate(COVERED) == 0


def test_a_dense_map_is_drawn_whole(show: Show) -> None:
    page = show("map", scene="dense")
    seen = data(page)
    assert (seen["ready"], seen["nodes"]) == ("graphviz", "62")
    assert int(seen["edges"]) > 300
    assert page.locator(".minimap").is_visible()


def test_dagre_lays_out_where_graphviz_cannot_be_loaded(show: Show) -> None:
    page = show("map", block="viz-global.js")
    assert data(page)["ready"] == "dagre"
    assert page.locator(".node.activity").count() == 5
    assert page.locator(".edge").count() == 9


def test_an_empty_map_says_so(show: Show) -> None:
    page = show("map", scene="empty")
    assert data(page)["ready"] == "empty"
    assert page.get_by_text("Nothing to show").is_visible()


def test_each_metric_is_written_on_the_path(show: Show) -> None:
    page = show("map")
    path = page.get_by_role("button", name="Path from Check to Approve").get_attribute("data-edge")
    said = {}
    for metric in ("median", "p90", "mean", "total", "cases"):
        draws = int(data(page)["draws"])
        page.get_by_label("What the map shows").select_option(metric)
        settle(page, draws)
        said[metric] = page.locator(f'.label[data-edge="{path}"]').text_content()
    assert said == {"median": "2 h", "p90": "6 h", "mean": "3 h", "total": "11.9 d", "cases": "95"}


def test_a_comparison_shows_what_changed(show: Show) -> None:
    page = show("map", compare="1", metric="difference_time")
    path = page.get_by_role("button", name="Path from Check to Approve").get_attribute("data-edge")
    assert page.locator(f'.label[data-edge="{path}"]').text_content() == "−2 h"
    draws = int(data(page)["draws"])
    page.get_by_label("What the map shows").select_option("difference")
    settle(page, draws)
    new = page.get_by_role("button", name="Path from Check to Pay").get_attribute("data-edge")
    assert page.locator(f'.label[data-edge="{new}"]').text_content() == "+5 pp"


def test_replay_moves_tokens_at_the_times_of_the_log(show: Show) -> None:
    page = show("map", replay="1")
    scrub = page.get_by_label("Time of the replay")

    def at(share: float) -> tuple[int, str]:
        scrub.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')) }", round(1000 * share))
        return int(page.locator(".tokens").get_attribute("data-moving")), page.locator(".clock").inner_text()

    moving, clock = at(0.5)
    assert moving == 10 and clock.startswith("Fri, 2 Jan 1970")
    assert at(0.999)[0] <= 2
    page.get_by_label("Speed of the replay").select_option("8")
    scrub.evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')) }")
    page.get_by_role("button", name="Play the cases").click()
    page.wait_for_function("e => +e.value > 5", arg=scrub.element_handle())
    page.get_by_role("button", name="Pause the replay").click()
    page.get_by_label("Clock of the replay").select_option("aligned")
    page.get_by_role("button", name="Pause the replay").click()
    assert at(0.5)[1].split(" · ")[0] == "25 h after their start"


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_map_is_saved_as_a_picture(show: Show, kind: str) -> None:
    page = show("map", scene="hostile")
    page.get_by_role("button", name="Save the map as a picture").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=kind).click()
    content = download.value.path().read_bytes()
    if kind == "PNG":
        assert content.startswith(b"\x89PNG") and len(content) > 10_000
    else:
        import xml.etree.ElementTree as ElementTree

        root = ElementTree.fromstring(content)  # noqa: S314
        texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert any(t and t.startswith("<img") for t in texts)
        assert not [e for e in root.iter() if e.tag.endswith(("image", "script", "foreignObject"))]


def test_layout_turns_and_the_view_zooms(show: Show) -> None:
    page = show("map")
    before = data(page)
    page.get_by_role("button", name="Lay out from").click()
    after = settle(page, int(before["draws"]))
    assert {before["direction"], after["direction"]} == {"TB", "LR"}
    transform = page.locator(".drawing").get_attribute("transform")
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator(".drawing").get_attribute("transform") != transform
    page.get_by_role("button", name="Show the whole map").click()
    box = page.locator(".drawing").bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert box["x"] >= stage["x"] and box["y"] >= stage["y"]
    assert box["x"] + box["width"] <= stage["x"] + stage["width"] + 1
    assert box["y"] + box["height"] <= stage["y"] + stage["height"] + 1

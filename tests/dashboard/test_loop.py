"""The whole loop, clicked through as a person would: from an empty home to a prediction."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Served
from tests.dashboard.test_pages import choose, settled, shows

pytestmark = pytest.mark.browser


def go(page: Page, title: str) -> None:
    """To a page, by the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
    expect(page.locator("h1")).to_have_text(title)


def test_from_an_empty_home_to_a_prediction(serve: Callable[..., Served], visit) -> None:
    service = serve()
    page = visit(f"{service.address}/")

    shows(page, "No event log yet")
    page.get_by_role("button", name="Load the sample company").click()
    shows(page, "What stands out", "See these cases on the map")

    go(page, "Process map")
    choose(page, "Event log", "p2p")
    page.locator(".process-map .node", has_text="Approve large order").first.click()
    shows(page, "pass Approve large order")
    expect(page).to_have_url(re.compile("log=p2p.*where=contains"))

    go(page, "Candidates")
    shows(page, "Why pain is")
    page.get_by_role("button", name="Make a plan").click()

    shows(page, "Before it is published", "As it could be", "at once")
    before = page.get_by_text(re.compile(r"\d+ of \d+ moves in the plan")).inner_text()
    proposed = page.locator("[data-testid=stCheckbox]:has(input:not(:checked))").first
    proposed.scroll_into_view_if_needed()
    proposed.locator("label").click()
    expect(page.get_by_text(before)).to_have_count(0)
    shows(page, f"{int(before.split()[0]) + 1} of {before.split()[2]} moves in the plan")

    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Somebody answers for it")).to_have_count(0)
    page.get_by_role("button", name="Run the backtest").click()
    shows(page, "History bears it out")
    page.get_by_role("button", name="Publish p2p").click()
    shows(page, "p2p@1 is published")
    page.get_by_role("link", name="Run it").click()

    expect(page.locator("h1")).to_have_text("Runs")
    page.get_by_label(re.compile("amount")).first.fill("1200")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    shows(page, "What happened", "step 1 of")
    page.get_by_role("spinbutton", name="Runs").fill("120")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Play").click()
    shows(page, "Played 120 runs of p2p@1")

    go(page, "Approvals")
    shows(page, "1 open task", "Create order")
    page.get_by_role("button", name="done").click()
    shows(page, "The run goes on")

    go(page, "KPIs")
    shows(page, "A prediction.", "end-to-end time, median", "predicted")

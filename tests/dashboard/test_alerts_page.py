"""The page of alerts in a real Chromium: live, counted beside every page, settled many at once."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from home.database import Database
from orchestrate.engine.statements import RAISE
from tests.dashboard.conftest import Served
from tests.dashboard.test_pages import shows


def alert(service: Served, run: str, node: str) -> None:
    place = {"run": run, "kind": "late", "node": node, "visit": 1, "at": 1e9, "message": "<b>late</b>"}
    state = Database(f"sqlite:///{service.home / 'state.sqlite'}")
    with state.transaction() as connection:
        connection.execute(text(RAISE), place)
    state.close()


@pytest.mark.browser
def test_alerts_are_counted_come_by_themselves_lead_on_and_are_settled(dashboard: Served, visit: Any) -> None:
    run = dashboard.do("start", plan="p2p", data='{"amount": 5}', key="ALERT-1")["run"]
    page = visit(f"{dashboard.address}/alerts?run={run}")
    shows(page, "No alert passes these filters.")
    alert(dashboard, run, "a")
    alert(dashboard, run, "b")
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    table.click(position={"x": 17, "y": 52})
    shows(page, "See what it waits for", "<b>late</b>")
    expect(page.get_by_role("link", name="The run", exact=True)).to_be_visible()
    table.click(position={"x": 17, "y": 17})
    page.get_by_label("Note", exact=True).fill("called them")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Settle 2").click()
    shows(page, "2 alerts are settled", "No alert passes these filters.")
    rows = dashboard.do("alerts", run=run, all=True)["rows"]
    assert [(row["state"], row["note"]) for row in rows] == [("settled", "called them")] * 2
    alert(dashboard, run, "c")
    page.goto(f"{dashboard.address}/triggers")
    page.get_by_role("link", name="open alert").click()
    expect(page).to_have_url(f"{dashboard.address}/alerts")
    assert 'baton_alerts_open{kind="late"}' in dashboard_metrics(dashboard)
    dashboard.do("cancel", run=[run], by="ada", reason="seen")


def dashboard_metrics(service: Served) -> str:
    import httpx

    headers = {"authorization": f"Bearer {service.token}"}
    return httpx.get(f"{service.address}/api/metrics", headers=headers, timeout=60, trust_env=False).text

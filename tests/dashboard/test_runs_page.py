"""The page of runs in a real Chromium: it keeps itself up to date, and does to runs what is asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from dashboard.api import create_api
from dashboard.parts import timeline
from dashboard.runtime import Runtime
from home.clock import SettableClock
from home.registry import load
from home.settings import Configuration, Settings
from orchestrate.plans.publish import publish_plan
from orchestrate.runs.shown import Span
from tests.dashboard.conftest import Served
from tests.dashboard.test_pages import settled, shows
from tests.orchestrate.operations.plans import plan_of, step


def begin(service: Served, *keys: str) -> list[str]:
    data = json.dumps({"amount": 1200})
    return [service.do("start", plan="p2p", data=data, key=key)["run"] for key in keys]


def choose_all(page: Page) -> None:
    """The box in the head of the list, which is drawn on a canvas."""
    page.get_by_test_id("stDataFrame").first.click(position={"x": 17, "y": 17})


@pytest.mark.browser
def test_the_list_is_live_and_many_runs_are_paused_and_cancelled_at_once(
    dashboard: Served, visit: Any
) -> None:
    page = visit(f"{dashboard.address}/runs?search=LIVE-")
    shows(page, "No run passes these filters.")
    runs = begin(dashboard, "LIVE-1", "LIVE-2")
    shows(page, "2 runs · live, as of")
    choose_all(page)
    shows(page, "2 runs chosen")
    page.get_by_role("button", name="Pause 2").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    shows(page, "2 runs told to pause", "2 runs chosen")
    expect(page.get_by_role("button", name="Resume 2")).to_be_visible()
    page.get_by_role("button", name="Cancel 2").click()
    sure = page.get_by_role("button", name="Cancel 2 runs")
    expect(sure).to_be_disabled()
    page.get_by_label("Why", exact=True).fill("ordered twice")
    page.keyboard.press("Tab")
    expect(sure).to_be_enabled()
    sure.click()
    shows(page, "2 runs told to stop", "None of them is open")
    assert {dashboard.do("show", run=run)["state"] for run in runs} == {"cancelled"}


@pytest.mark.long
@pytest.mark.browser
def test_one_run_is_shown_with_its_times_sent_back_and_ended_elsewhere_is_seen(
    dashboard: Served, visit: Any
) -> None:
    [run] = begin(dashboard, "ONE-1")
    dashboard.do("decide", task=f"{run}.1", outcome="done", by="ada")
    page = visit(f"{dashboard.address}/runs?run={run}")
    shows(page, "step 2 of")
    page.get_by_role("tab", name="When").click()
    shows(page, "worked on")
    page.get_by_role("button", name="Go back").click()
    page.get_by_label("Why", exact=True).fill("wrong supplier")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Do it again").click()
    shows(page, "1 run sent back to 'Create order'", "Waiting for Requester: Create order")
    dashboard.do("cancel", run=run, by="ada", reason="done with it")
    expect(page.get_by_text("cancelled", exact=True).first).to_be_visible()


def test_a_step_is_drawn_from_when_it_could_begin_to_its_end() -> None:
    def at(minute: int) -> str:
        return f"2026-01-05T09:{minute:02}:00.000Z"

    over = {"node": "a", "visit": 1, "outcome": "ok", "by": "ada"}
    spans = [
        Span(step="Enter <b>", enabled=at(0), began=at(10), ended=at(30), **over),
        Span(step="Ship", enabled=at(30), began=at(30), ended=None, **over),
    ]
    now = SettableClock().now().replace(minute=40)
    waited, worked, is_open = timeline.steps(spans, now).data
    assert (list(waited.y), list(waited.x)) == (["Enter &lt;b&gt;"], [600_000.0])
    assert (list(worked.x), worked.customdata[0][0]) == (
        [1_200_000.0],
        "Enter &lt;b&gt; worked on 20 min by ada: ok",
    )
    assert (list(is_open.y), list(is_open.x)) == (["Ship"], [600_000.0])


def test_beyond_the_backlog_the_api_says_429_and_when_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrate.engine.backlog.COUNTED_EVERY_S", -1.0)
    settings = Settings(home=tmp_path / "home", run_backlog=1)
    runtime = Runtime(Configuration(settings, {}), load())
    publish_plan(runtime.context(), plan_of(step("enter")))
    api = TestClient(create_api(runtime, "t"), headers={"authorization": "Bearer t"})
    assert api.post("/start", json={"plan": "orders"}).status_code == 200
    runtime.stores.state.execute("update run set due = 0")
    answer = api.post("/start", json={"plan": "orders"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert answer.json()["error"]["code"] == "too_many"
    runtime.stores.close()

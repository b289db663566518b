"""Every page in a real Chromium: its content is there, nothing is asked from outside, no error is said."""

import contextlib
import re

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.dashboard.conftest import Served

pytestmark = pytest.mark.browser

HOSTILE = "![x](http://evil.example/x.png) <img src=x onerror=alert(1)> :red[x]"
CONTENT = {
    "": (
        "Overview",
        ["What stands out", "See these cases on the map", "Where the loop stands", "Event logs"],
    ),
    "data": ("Data", ["5 event logs", "Bring in a source", "Open its map"]),
    "process?log=p2p": ("Process map", ["555 cases", "Variants", "Over time", "Cases"]),
    "explain?log=p2p": ("Explain", ["of waiting in", "Handoffs, those with most waiting first"]),
    "explain?log=p2p&way=workload": ("Explain", ["Busiest does", "hangs on one"]),
    "explain?log=p2p&way=groups": ("Explain", ["Compared within the same", "See these cases"]),
    "explain?log=p2p&way=signs": ("Explain", ["Steps that change hands", "Commonly quoted"]),
    "explain?log=p2p&way=conformance": ("Explain", ["Cases that conform", "Fitness"]),
    "explain?log=p2p&way=forecast": ("Explain", ["limit"]),
    "candidates": ("Candidates", ["the whole process p2p", "Why pain is", "Make a plan"]),
    "plan?plan=p2p": ("Plan", ["p2p@1", "Steps, and who or what does them", "Versions"]),
    "runs": ("Runs", ["live, as of", "Many runs in the sandbox"]),
    "triggers": ("Triggers", ["Nothing starts runs by itself yet", "Add a trigger", "Starts a run of"]),
    "approvals": ("Approvals", ["2 open tasks", "Create order", "What happened before"]),
    "kpis?plan=p2p": ("KPIs", ["predicted"]),
    "admin": ("Admin", ["Verify the audit", "Settings", "Sources that can be read"]),
}


def shows(page: Page, *texts: str) -> None:
    """Each of these texts is to be seen."""
    for text in texts:
        expect(page.get_by_text(text).filter(visible=True).first).to_be_visible()


def choose(page: Page, label: str, option: str) -> None:
    """Open the list called `label` and take one of its options; a page that still grows closes it again."""
    settled(page)
    wanted = page.get_by_role("option", name=option).first
    for _ in range(20):
        page.get_by_role("combobox", name=label, exact=True).locator("xpath=..").get_by_role("button").click()
        with contextlib.suppress(TimeoutError):
            wanted.click(timeout=3_000)
            return
    raise AssertionError(f"{label} did not offer {option}")


def settled(page: Page) -> None:
    """The page has been made: nothing runs any more."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [(path, "light") for path in CONTENT]
    + [pytest.param(path, "dark", marks=pytest.mark.long) for path in CONTENT],
)
def test_every_page_shows_what_it_is_for(dashboard: Served, visit, path: str, scheme: str) -> None:
    page = visit(f"{dashboard.address}/{path}", scheme=scheme)
    title, texts = CONTENT[path]
    expect(page.locator("h1")).to_have_text(title)
    shows(page, *texts)
    settled(page)
    assert page.get_by_text("This did not work").count() == 0
    assert page.title() == "Baton" or title in page.title()


def test_a_link_reopens_the_same_filtered_map(dashboard: Served, visit) -> None:
    where = "contains%28%22Dispute%20invoice%22%29"
    page = visit(f"{dashboard.address}/process?log=p2p&where={where}")
    shows(page, "pass Dispute invoice")
    page.get_by_role("button", name="pass Dispute invoice").click()
    expect(page.get_by_text("pass Dispute invoice")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"log=p2p(?!.*where)"))


def test_a_click_on_the_map_filters_and_a_second_one_takes_it_back(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/process?log=p2p")
    activity = page.locator(".process-map .node", has_text="Approve large order").first
    activity.click()
    shows(page, "pass Approve large order")
    expect(page).to_have_url(re.compile("where=contains"))
    page.go_back()
    expect(page.get_by_text("pass Approve large order")).to_have_count(0)


def test_one_case_opens_from_its_address(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/process?log=p2p&case=PO-2026-00010")
    shows(page, "Case PO-2026-00010")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Case PO-2026-00010")).to_have_count(0)


def test_a_finding_leads_to_the_cases_it_speaks_of(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/?log=p2p")
    page.get_by_text("See these cases on the map").first.click()
    expect(page.locator("h1")).to_have_text("Process map")
    shows(page, "Only cases that")


def test_a_strange_export_is_brought_in_with_its_columns_explained(
    dashboard: Served, visit, tmp_path
) -> None:
    export = tmp_path / "werkstatt.csv"
    rows = "".join(f"000{n};{step};0{n}-01-2026 1{h}:00:00;Lange\n" for n in range(1, 4)
                   for h, step in enumerate(("Annahme", HOSTILE, "Abholung")))  # fmt: skip
    export.write_text(f"Auftrag-Nr.;Schritt;Zeit;Bearbeiter\n{rows}0009;Annahme;gestern;Lange\n")
    page = visit(f"{dashboard.address}/data")
    page.locator("input[type=file]").set_input_files(export)
    shows(page, "What the columns mean")
    settled(page)
    page.get_by_role("radio", name="2 January").click()
    shows(page, "As it would be read")
    settled(page)
    page.get_by_role("button", name="Load", exact=True).click()
    shows(page, "Rows found", "9 of 10 rows loaded into werkstatt", "1 row set aside")
    page.goto(f"{dashboard.address}/process?log=werkstatt")
    shows(page, "3 cases", HOSTILE)
    page.goto(f"{dashboard.address}/data?log=werkstatt")
    page.get_by_role("button", name="Drop this log").click()
    page.get_by_role("button", name="Drop werkstatt").click()
    expect(page.get_by_text("5 event logs")).to_be_visible()


def test_what_does_not_work_says_what_to_do(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/process?log=p2p&where=contains%28%22Aprove%20order%22%29")
    shows(page, "This did not work", "What to do", "Approve order")


def test_a_run_is_shown_in_words(dashboard: Served, visit) -> None:
    run = dashboard.post("runs", {"plan": "p2p"}).json()["rows"][-1]
    page = visit(f"{dashboard.address}/runs?run={run['run']}")
    shows(page, "step 1 of", "What happened", "the run began", "Waiting for")


def test_a_decision_is_taken_with_its_note_and_by_the_name_that_was_given(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/approvals")
    page.get_by_label("You are", exact=True).fill("grace")
    page.keyboard.press("Enter")
    before = dashboard.post("tasks").json()["rows"][0]
    page.goto(f"{dashboard.address}/approvals?task={before['task']}")
    page.get_by_label("You are", exact=True).fill("grace")
    page.keyboard.press("Enter")
    page.get_by_label("Note", exact=True).fill("checked by hand")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="done").click()
    shows(page, "The run goes on")
    (after,) = [
        t for t in dashboard.post("tasks", {"state": "done"}).json()["rows"] if t["task"] == before["task"]
    ]
    assert (after["decided_by"], after["outcome"]) == ("grace", "done")
    assert after["run"] == before["run"]


def test_the_keyboard_decides_too(dashboard: Served, visit) -> None:
    task = dashboard.post("tasks").json()["rows"][-1]
    page = visit(f"{dashboard.address}/approvals?task={task['task']}")
    expect(page.get_by_role("button", name="Alt + 1")).to_be_visible()
    settled(page)
    page.locator("h1").click()
    page.keyboard.press("Alt+1")
    shows(page, "The run goes on")


def test_the_audit_is_verified_on_the_spot(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/admin")
    page.get_by_role("button", name="Verify the audit").click()
    shows(page, "The audit is whole")


def test_an_override_stands_beside_the_computed_score(dashboard: Served, visit) -> None:
    page = visit(f"{dashboard.address}/candidates?candidate=onboarding:process")
    shows(page, "the whole process onboarding")
    settled(page)
    body = {"candidate": "onboarding:process", "pain": 5, "by": "ada", "why": "clients complain"}
    assert dashboard.post("override", body).status_code == 200
    page.reload()
    shows(page, "ada set pain from 1 to 5", "clients complain", "computed 1")

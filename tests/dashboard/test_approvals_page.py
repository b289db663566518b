"""The approvals page in a real browser: who looks sees what is theirs, and what they do is done."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from .conftest import Served, serving

PLAN = """
format: 1
name: invoices
owner: {name: ada, confirmed: true}
body:
  kind: sequence
  id: all
  children:
  - kind: step
    id: enter
    name: Enter invoice
    role: clerk
    instructions: Check the supplier against the order.
    links: {In the ERP: "https://erp.example.org/{key}"}
    assign: {by: round-robin}
    sla: {due: PT4H, escalate: [boss]}
    output:
      type: object
      properties:
        amount: {type: number, maximum: 1000}
        to: {type: object, properties: {city: {type: string}}, required: [city]}
      required: [amount]
  - kind: step
    id: approve
    name: Approve invoice
    role: clerk
    outcomes: [approved, rejected]
    four_eyes: {steps: [enter]}
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Four invoices of two clerks, of whom ada has the first and the third."""
    with serving(tmp_path_factory.mktemp("office") / "home") as service:
        service.do("publish", file=service.upload("invoices.yaml", PLAN), by="ada", override="a test")
        for login in ("ada", "bob"):
            service.do("person/add", login=login, role=["clerk"])
        for number in range(1, 5):
            data = json.dumps({"supplier": f"Müller <b>{number}</b>"})
            service.do("start", plan="invoices", data=data, key=f"INV-{number}", by="zoe")
        yield service


def settled(page: Page) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def shows(page: Page, *texts: str) -> None:
    for text in texts:
        expect(page.get_by_text(text).first).to_be_visible()


def task_of(office: Served, key: str) -> dict[str, object]:
    (row,) = office.do("tasks", key=key)["rows"]
    return dict(row)


def test_one_is_chosen_from_the_directory_and_stays_in_the_address(office: Served, visit) -> None:
    page = visit(f"{office.address}/approvals")
    shows(page, "Choose who you are", "4 open tasks")
    settled(page)
    page.get_by_role("combobox", name="I am").click()
    page.get_by_role("option", name="bob").click()
    shows(page, "2 open tasks", "INV-2", "INV-4")
    expect(page).to_have_url(re.compile(rf"me=bob.*task={task_of(office, 'INV-2')['task']}|task=.*me=bob"))
    expect(page.get_by_label("You are", exact=True)).to_have_value("bob")
    page.goto(f"{office.address}/approvals?me=ada&view=mine&q=m%C3%BCller%20inv-3")
    shows(page, "1 open task,", "INV-3", "Müller <b>3</b>")


def test_what_is_filled_in_wrongly_is_said_at_its_field_and_then_decided(office: Served, visit) -> None:
    task = task_of(office, "INV-1")
    page = visit(f"{office.address}/approvals?me=ada&task={task['task']}", scheme="dark")
    shows(page, "Check the supplier against the order.", "amount (needed)")
    expect(page.get_by_role("link", name="In the ERP")).to_have_attribute(
        "href", "https://erp.example.org/INV-1"
    )
    settled(page)
    page.get_by_role("button", name="done").click()
    shows(page, "is needed")
    page.get_by_role("spinbutton", name="amount").fill("12.5")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="done").click()
    shows(page, "The run goes on")
    later = task_of(office, "INV-1")
    assert later["context"]["data"]["amount"] == 12.5  # type: ignore[index]
    page.goto(f"{office.address}/approvals?me=ada&task={later['task']}")
    shows(page, "'ada' did 'Enter invoice' in this run")
    expect(page.get_by_role("button", name="approved")).to_be_disabled()


@pytest.mark.long
def test_a_task_is_given_back_with_a_remark_and_a_file_and_lists_refresh_by_themselves(
    office: Served, visit, tmp_path: Path
) -> None:
    task = task_of(office, "INV-2")["task"]
    page = visit(f"{office.address}/approvals?me=bob&task={task}")
    settled(page)
    page.get_by_role("button", name="Remark").click()
    page.get_by_role("textbox", name="Remark").fill("called *them*")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Keep it").click()
    shows(page, "called *them*")
    offer = tmp_path / "Angebot.pdf"
    offer.write_bytes(b"%PDF-")
    page.get_by_role("button", name="Attach a file").click()
    page.locator("input[type=file]").set_input_files(offer)
    page.get_by_role("button", name="Attach it").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Angebot.pdf", exact=True).click()
    assert Path(saved.value.path()).read_bytes() == b"%PDF-"
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_role("button", name="Take it")).to_be_visible()
    assert task_of(office, "INV-2")["assignee"] is None
    other = task_of(office, "INV-4")
    office.do("decide", task=other["task"], outcome="done", by="bob", data='{"amount": 1}')
    shows(page, "Approve invoice · INV-1")
    expect(page.get_by_text("Enter invoice · INV-4")).to_have_count(0)


def test_a_file_is_saved_over_the_api_and_never_shown_in_place(office: Served) -> None:
    task = task_of(office, "INV-3")["task"]
    sent = office.upload("<script>.html", "<script>alert(1)</script>")
    kept = office.do("attach", task=task, file=sent, by="ada")
    headers = {"authorization": f"Bearer {office.token}"}
    address = f"{office.address}/api/tasks/{task}/attachments/{kept['n']}"
    answer = httpx.get(address, headers=headers, trust_env=False)
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(address, trust_env=False).status_code == 401
    assert httpx.get(address[:-1] + "9", headers=headers, trust_env=False).status_code == 404


def test_several_are_tried_and_then_decided_at_once(office: Served, visit) -> None:
    for number, by in ((5, "ada"), (6, "ada"), (7, "bob")):
        office.do("start", plan="invoices", data='{"supplier": "Stone"}', key=f"INV-{number}", by="zoe")
        task = task_of(office, f"INV-{number}")
        office.do("decide", task=task["task"], outcome="done", by=by, data='{"amount": 1}')
    page = visit(f"{office.address}/approvals?me=bob&view=all&q=approve+stone")
    shows(page, "INV-5", "INV-6", "INV-7")
    settled(page)
    page.get_by_role("button", name="Decide several").click()
    grid = page.get_by_role("dialog").locator("[data-testid=stDataFrame]")
    expect(grid).to_be_visible()
    grid.click(position={"x": 14, "y": 18})
    page.get_by_role("dialog").get_by_role("radio", name="rejected").click()
    page.get_by_role("button", name="Try").click()
    shows(page, "would be decided as rejected, 1 refused", "'bob' did 'Enter invoice'")
    page.get_by_role("button", name="Decide 3 tasks").click()
    shows(page, "2 tasks were decided as rejected, 1 refused")
    assert task_of(office, "INV-7")["state"] == "open"

"""The data page in a real Chromium: from a strange file to a log, with every decision taken on the way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from ingest.mapping_file import MappingFile
from tests.dashboard.conftest import Served, serving
from tests.dashboard.test_pages import choose, settled, shows
from tests.ingest.strange import lines_of_orders as sales
from tests.ingest.strange import wide
from tests.ingest.test_quality import Planted

pytestmark = pytest.mark.browser

HOSTILE = "![x](http://evil.example/x.png) <img src=x onerror=alert(1)> :red[x]"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with one log, of orders that have a few faults."""
    folder = tmp_path_factory.mktemp("data")
    planted = Planted(cases=120)
    planted.rows += planted.rows[100:120]
    with serving(folder / "home") as served:
        served.do("ingest", source=served.upload("orders.csv", planted.text()), log="orders")
        yield served


def workshop(folder: Path) -> Path:
    """An export of a workshop: days that can be read in two orders, one that is no day."""
    rows = "".join(
        f"000{n};{step};0{n}-02-2026 1{h}:00:00;Lange\n"
        for n in range(1, 4)
        for h, step in enumerate(("Annahme", HOSTILE, "Abholung"))
    )
    export = folder / "werkstatt.csv"
    export.write_text(f"Auftrag-Nr.;Schritt;Zeit;Bearbeiter\n{rows}0009;Annahme;gestern;Lange\n")
    return export


def bring(page: Page, file: Path) -> None:
    """Hand a file to the page."""
    settled(page)
    page.locator("input[type=file]").first.set_input_files(file)


def loaded(page: Page) -> None:
    """Press Load and wait for the report."""
    settled(page)
    # While the page grows, the button it had before may still stand beside the one it gets.
    page.get_by_role("button", name="Load", exact=True, disabled=False).first.click()
    shows(page, "Rows found")
    settled(page)


def downloaded(page: Page, name: str) -> str:
    """The text of what a button hands out."""
    settled(page)
    with page.expect_download() as handed:
        page.get_by_role("button", name=name).click()
    return Path(handed.value.path()).read_text(encoding="utf-8-sig")


def logs_of(service: Served) -> dict[str, Any]:
    return {row["log"]: row for row in service.do("logs")["rows"]}


def test_what_is_known_of_a_log_is_shown_whenever_it_is_chosen(service: Served, visit) -> None:
    page = visit(f"{service.address}/data?log=orders")
    shows(page, "Good enough to redesign from", "20 events in", "repeat another of the case", "Loaded ")
    page.get_by_role("tab", name="Loaded from").click()
    shows(page, "orders.csv", "rows loaded")
    page.get_by_role("tab", name="Set aside").click()
    shows(page, "No row was set aside.")
    page.get_by_role("tab", name="Quality").click()
    page.get_by_text("What was checked").click()
    shows(page, "The limits are in gate.toml")


@pytest.mark.long
def test_an_example_case_leads_to_its_map(service: Served, visit) -> None:
    page = visit(f"{service.address}/data?log=orders")
    page.get_by_role("link", name="O0017").or_(page.get_by_role("link", name="O0018")).first.click()
    expect(page.locator("h1")).to_have_text("Process map")
    shows(page, "Case O00")


def test_a_doubtful_day_is_asked_for_and_nothing_loads_before(service: Served, visit, tmp_path) -> None:
    page = visit(f"{service.address}/data")
    bring(page, workshop(tmp_path))
    shows(page, "What the columns mean", "Nothing in the file decides", "1 of the 10 rows would be set aside")
    settled(page)
    expect(page.get_by_role("button", name="Load", exact=True, disabled=False)).to_have_count(0)
    page.get_by_role("radio", name="1 February").click()
    loaded(page)
    shows(page, "9 of 10 rows loaded into werkstatt", "Download 1 row set aside")
    assert logs_of(service)["werkstatt"]["first"].startswith("2026-02-01")
    aside = downloaded(page, "Download 1 row set aside")
    assert "gestern" in aside and "line 11" in aside
    page.goto(f"{service.address}/process?log=werkstatt")
    shows(page, "3 cases", HOSTILE)


def test_rows_that_would_be_lost_are_handed_out_before_loading(service: Served, visit, tmp_path) -> None:
    page = visit(f"{service.address}/data")
    bring(page, workshop(tmp_path))
    shows(page, "would be set aside")
    assert "gestern" in downloaded(page, "Download these rows")


@pytest.mark.long
def test_a_mapping_comes_out_and_goes_in_again(service: Served, visit, tmp_path) -> None:
    export = sales()
    file = tmp_path / export.name
    file.write_bytes(export.content)
    page = visit(f"{service.address}/data")
    bring(page, file)
    shows(page, "As it would be read")
    choose(page, "Case (needed)", "customer_id")
    expect(page.get_by_role("combobox", name="Case (needed)")).to_have_value("customer_id")
    for _ in range(20):  # the page is made anew after the choice
        text = downloaded(page, "mapping.toml")
        if (mapped := MappingFile.parse(text, "m").map["case_id"]) == "customer_id":
            break
    assert mapped == "customer_id"
    (tmp_path / "mapping.toml").write_text(text)
    again = visit(f"{service.address}/data")
    bring(again, file)
    shows(again, "As it would be read")
    again.get_by_text("Reading it differently, or with a mapping file").click()
    settled(again)
    again.locator("input[type=file]").nth(1).set_input_files(tmp_path / "mapping.toml")
    expect(again.get_by_role("combobox", name="Case (needed)")).to_have_value("customer_id")
    loaded(again)
    assert logs_of(service)["sales"]["cases"] == 11


@pytest.mark.long
def test_a_table_of_milestones_becomes_events(service: Served, visit, tmp_path) -> None:
    export = wide()
    file = tmp_path / export.name
    file.write_bytes(export.content)
    page = visit(f"{service.address}/data")
    bring(page, file)
    shows(page, "Each row is a whole case", "As it would be read")
    loaded(page)
    log = logs_of(service)["milestones"]
    assert (log["cases"], log["events"]) == (60, 398)


@pytest.mark.long
def test_a_sheet_has_to_be_chosen(service: Served, visit, tmp_path) -> None:
    book = openpyxl.Workbook()
    for name, header in (("Notes", ["note"]), ("Orders", ["Order", "Step", "At"])):
        sheet = book.create_sheet(name)
        sheet.append(header)
        for n in range(6):
            sheet.append(
                [f"O-{n // 3}", ("In", "Check", "Out")[n % 3], f"2026-03-1{n} 10:00:00Z"][: len(header)]
            )
    book.save(tmp_path / "book.xlsx")
    page = visit(f"{service.address}/data")
    bring(page, tmp_path / "book.xlsx")
    shows(page, "Which sheet?")
    choose(page, "Which sheet?", "Orders")
    shows(page, "What the columns mean", "As it would be read")
    loaded(page)
    assert logs_of(service)["book"]["cases"] == 2


@pytest.mark.long
def test_a_file_into_a_log_that_is_there_is_added_or_put_in_its_place(
    service: Served, visit, tmp_path
) -> None:
    page = visit(f"{service.address}/data")
    first = "case_id,activity,timestamp\n1,A,2026-01-01T10:00Z\n1,B,2026-01-02T10:00Z\n"
    for text in (first, first.replace("\n1,", "\n2,")):
        (tmp_path / "twice.csv").write_text(text)
        page.reload()
        bring(page, tmp_path / "twice.csv")
        shows(page, "As it would be read")
        if "twice" in logs_of(service):
            shows(page, "There is a log twice already", "Add to it")
        loaded(page)
    assert logs_of(service)["twice"]["cases"] == 2


def test_what_cannot_be_read_says_what_to_do(service: Served, visit, tmp_path) -> None:
    (tmp_path / "page.csv").write_text("<!doctype html><html><body>Sign in</body></html>")
    page = visit(f"{service.address}/data")
    bring(page, tmp_path / "page.csv")
    shows(page, "This did not work", "is an HTML page", "What to do")


def test_a_long_load_shows_how_far_it_is_and_can_be_cancelled(service: Served, visit, tmp_path) -> None:
    rows = "".join(f"o{n},{step},2026-01-01T10:00:{s:02d}Z,{'x' * 40}\n" for n in range(150_000)
                   for s, step in enumerate(("A", "B", "C")))  # fmt: skip
    (tmp_path / "large.csv").write_text(f"case_id,activity,timestamp,note\n{rows}")
    page = visit(f"{service.address}/data")
    bring(page, tmp_path / "large.csv")
    shows(page, "the first", "Check every row")
    settled(page)
    page.get_by_role("button", name="Load", exact=True).click()
    bar = page.get_by_role("progressbar").first
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    shows(page, "Cancelled. Nothing half-done was kept.")
    assert "large" not in logs_of(service)


def test_the_keyboard_is_enough(service: Served, visit, tmp_path) -> None:
    (tmp_path / "keys.csv").write_text(
        "case_id,activity,timestamp\n1,A,2026-01-01T10:00Z\n1,B,2026-01-02T10:00Z\n"
    )
    page = visit(f"{service.address}/data")
    bring(page, tmp_path / "keys.csv")
    shows(page, "As it would be read")
    settled(page)
    name = page.get_by_label("Name of the log")
    name.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("by_keys")
    page.keyboard.press("Tab")
    settled(page)
    load, done = page.get_by_role("button", name="Load", exact=True), page.get_by_text("Rows found")
    for _ in range(10):  # while the page is made anew its button is there twice, and the older one goes
        with contextlib.suppress(TimeoutError, AssertionError):
            expect(load).to_have_count(1, timeout=3_000)
            load.focus(timeout=3_000)
            page.keyboard.press("Enter")
            done.first.wait_for(timeout=10_000)
            break
    shows(page, "Rows found")
    assert "by_keys" in logs_of(service)


@pytest.mark.long
@pytest.mark.parametrize(("scheme", "width"), [("light", 800), ("dark", 1360)])
def test_nothing_is_cut_at_any_width(service: Served, visit, tmp_path, scheme: str, width: int) -> None:
    page = visit(f"{service.address}/data", scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    bring(page, workshop(tmp_path))
    shows(page, "What the columns mean", "would be set aside")
    settled(page)
    block = page.locator(".stMainBlockContainer").first
    wider = block.evaluate("e => e.scrollWidth - e.clientWidth")
    assert wider <= 1
    expect(page.get_by_text("This did not work")).to_have_count(0)

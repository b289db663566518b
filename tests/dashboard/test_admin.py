"""The admin page: how everything is, who did what, and a backup on the spot."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Served

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect


def settled(page: Any) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


@pytest.mark.long
def test_health_the_record_and_a_backup(dashboard: Served, visit: Any, tmp_path: Path) -> None:
    page = visit(f"{dashboard.address}/admin")
    settled(page)
    expect(page.get_by_text("1 beating")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Open tasks")).to_be_visible()

    page.get_by_label("Action", exact=True).fill("start")
    page.get_by_label("Action", exact=True).press("Enter")
    expect(page.get_by_text("key PO-1", exact=False).first).to_be_visible()

    settled(page)
    folder = tmp_path / "kept"
    page.get_by_label("Folder on the service's machine").fill(str(folder))
    page.get_by_label("Folder on the service's machine").press("Enter")
    settled(page)
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("makes a home of it")).to_be_visible()
    assert json.loads((folder / "backup.json").read_text())["store"] == "sqlite"

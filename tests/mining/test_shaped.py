"""What is mined is mined from the log as its steps leave it, in both views, and anew after each change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Baton = Callable[..., Any]


@pytest.fixture
def orders(tmp_path: Path, baton: Baton) -> None:
    """Sixty orders whose steps start and complete, each with a heartbeat between."""
    lines = ["case_id,activity,timestamp,lifecycle,resource"]
    for number in range(60):
        day, month = number % 28 + 1, number // 28 + 1
        for hour, (activity, who) in enumerate((("Create", "Ann"), ("Pulse", ""), ("Send", "Bob"))):
            for minute, step in ((0, "start"), (20, "complete")):
                at = f"2026-{month:02d}-{day:02d}T{9 + hour:02d}:{minute:02d}:00Z"
                lines.append(f"o{number},{activity},{at},{step},{who}")
    (tmp_path / "orders.csv").write_text("\n".join(lines))
    baton("ingest", tmp_path / "orders.csv", "--log", "orders")


def counts(baton: Baton, view: str) -> dict[str, int]:
    found = baton("map", "orders", "--view", view, "--json").json
    assert found["cases"] == 60
    return {activity["activity"]: activity["events"] for activity in found["activities"]}


def test_both_views_show_the_log_as_its_steps_leave_it(orders: None, baton: Baton) -> None:
    assert counts(baton, "events") == {"Create": 120, "Pulse": 120, "Send": 120}
    baton("shape", "orders", "--hide", "Pulse", "--rename", "Send=Send it")
    assert counts(baton, "instances") == {"Create": 60, "Send it": 60}
    assert counts(baton, "events") == {"Create": 120, "Send it": 120}
    flows = baton("map", "orders", "--view", "events", "--json").json["flows"]
    assert {(f["source"], f["target"]) for f in flows} == {
        ("Create", "Create"), ("Create", "Send it"), ("Send it", "Send it"),
    }  # fmt: skip
    baton("shape", "orders", "--undo")
    assert counts(baton, "events") == {"Create": 120, "Pulse": 120, "Send": 120}


def test_candidates_are_found_anew_when_the_log_is_shaped(orders: None, baton: Baton) -> None:
    def found() -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = baton("candidates", "orders", "--json").json["candidates"]
        return shown

    before = found()
    baton("shape", "orders", "--hide", "Pulse", "--rename", "Send=Post it")
    after = found()
    assert before[0]["id"] == after[0]["id"] == "orders:process"
    assert before[0] != after[0]
    baton("shape", "orders", "--undo")
    assert found() == before

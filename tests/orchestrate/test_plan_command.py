"""`baton plan` to `baton export` on files, as a user types them."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from orchestrate.plans.plan_file import read_plan

Baton = Callable[..., Any]


@pytest.fixture
def orders(tmp_path: Path, baton: Baton) -> Path:
    """A log of 400 orders, of which the large ones are approved."""
    file = tmp_path / "orders.csv"
    rng = Random(3)
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["case_id", "activity", "start", "timestamp", "resource", "case:amount"])
        for number in range(400):
            amount = rng.randrange(100, 2000)
            now = datetime(2024, 1, 1) + timedelta(hours=3 * number)
            steps = ["Create", *(["Approve order"] if amount > 1000 else []), "Send"]
            for step in steps:
                start = now + timedelta(minutes=rng.randrange(1, 60))
                now = start + timedelta(minutes=10)
                writer.writerow([f"o{number}", step, start.isoformat(), now.isoformat(), "Ann", amount])
    mapping = ["case_id", "activity", "start", "timestamp", "resource", "case:amount"]
    options = [part for name in mapping for part in ("--map", f"{name}={name}")]
    baton("ingest", file, "--log", "orders", *options)
    return file


def test_from_log_to_plan_and_out_again(orders: Path, baton: Baton, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    found = baton("plan", "orders", "-o", file, "--json").json
    assert (found["plan"], found["verdict"], found["coverage"]) == ("orders", "plan", 1.0)
    assert found["path"] == str(file) and "content" not in found
    (choice,) = found["choices"]
    assert choice["kind"] == "rule" and "data.amount > 1000.0" in choice["rule"]
    assert {move["move"] for move in found["moves"]} >= {"decision-rule", "knobs"}
    assert all(move["evidence"][0]["statement"] for move in found["moves"])
    assert not read_plan(file).owner.confirmed

    assert baton("check", file, "--json").json["gate"] == "pass"
    tested = baton("backtest", file, "--json").json
    assert tested["gate"] == "pass" and tested["cases"] == 400 and tested["agreement"] == 1.0
    assert set(tested["cycle_s"]) == {"asis", "tobe", "interval"}
    baton("export", file, "--to", "bpmn", "-o", tmp_path / "plan.bpmn")
    assert "<bpmn:" in (tmp_path / "plan.bpmn").read_text()
    assert baton("export", file, "--to", "mermaid", "-o", "-").out.startswith("flowchart LR")
    for later in ("camunda8", "asl", "dmn"):
        answer = baton("export", file, "--to", later, "--json", check=1)
        assert answer.json["error"]["code"] == "not_available"


def test_wrong_names_and_files_get_one_clear_line(orders: Path, baton: Baton, tmp_path: Path) -> None:
    assert "orders" in baton("plan", "order", "--json", check=1).json["error"]["hint"]
    assert "No candidate" in baton("plan", "orders:block:nothing", check=1).err
    assert "Cannot read" in baton("check", tmp_path / "none.yaml", check=1).err
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\nowner: {name: ada}\nbody: {kind: step, id: a}\n")
    assert "bad.yaml, line 3, body: the field 'name' is missing" in baton("backtest", bad, check=1).err
    bad.write_text("name: x\nowner: {name: ada}\nbody: {kind: choice, id: a, by: rule, branches: []}\n")
    refused = baton("check", bad, "--json", check=1).json
    assert refused["gate"] == "fail" and len(refused["problems"]) >= 2
    assert baton("simulate", "orders", "--json", check=1).json["error"]["code"] == "not_available"


def test_a_process_without_a_shape_is_refused_with_what_to_do(baton: Baton, tmp_path: Path) -> None:
    file, rng = tmp_path / "chaos.csv", Random(1)
    rows = ["case_id,activity,timestamp"]
    for number in range(300):
        day = datetime(2024, 1, 1) + timedelta(days=number)
        for i, step in enumerate(rng.choices("ABCDEFGHIJKL", k=9)):
            rows.append(f"c{number},{step},{(day + timedelta(minutes=i)).isoformat()}")
    file.write_text("\n".join(rows))
    baton("ingest", file, "--log", "chaos")
    answer = baton("plan", "chaos", "-o", tmp_path / "chaos.yaml", "--json", check=1)
    assert answer.json["verdict"] == "refuse" and answer.json["coverage"] < 0.6
    assert not (tmp_path / "chaos.yaml").exists()
    assert "too varied" in baton("plan", "chaos", check=1).err


def test_the_quality_of_the_log_lowers_the_verdict_and_says_why(
    orders: Path, baton: Baton, tmp_path: Path
) -> None:
    file = tmp_path / "plan.yaml"
    found = baton("plan", "orders", "-o", file, "--json").json
    assert (found["verdict"], found["quality"]) == ("plan", "pass")
    assert {check["check"] for check in found["checklist"]} >= {"set_aside", "cut_cases", "complete_cases"}
    limits = tmp_path / "home" / "gate.toml"
    limits.write_text("[complete_cases]\npilot = 500\n")
    lowered = baton("plan", "orders", "-o", file, "--json").json
    assert (lowered["verdict"], lowered["quality"], lowered["coverage"]) == ("pilot", "pilot", 1.0)
    assert read_plan(file).provenance.verdict == "pilot"
    assert "pilot only: Only 400 complete cases (should be at least 500)." in baton("plan", "orders").out
    limits.write_text("[complete_cases]\nrefuse = 500\n")
    refused = baton("plan", "orders", "-o", tmp_path / "none.yaml", "--json", check=1).json
    assert (refused["verdict"], refused["quality"]) == ("refuse", "refuse")
    assert not (tmp_path / "none.yaml").exists()
    said = baton("plan", "orders", check=1).err
    assert "Only 400 complete cases" in said and "baton quality orders" in said

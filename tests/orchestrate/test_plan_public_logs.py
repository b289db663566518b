"""Real logs are planned with the verdict and coverage that a person would expect."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.logs

COLUMNS = "case_id=case_id activity=activity start=start_time timestamp=end_time resource=resource"
LOGS = {
    "onboard_client.csv.gz": (
        "case_id=process activity=activity start=start timestamp=end resource=resource",
        "dmy",
        0.99,
    ),
    "BPI_2020_DomesticDeclarations.xes.gz": ("", "", 0.9),
    "receipt.xes.gz": ("", "", 0.9),
    "Insurance_Claims_train.csv.gz": (COLUMNS, "", 0.99),
    "LoanApp_simplified_train.csv.gz": (COLUMNS, "", 0.99),
    "BPIC13_closed_problems.xes.gz": ("", "", 0.95),
    "road_fine.xes.gz": ("", "", 0.8),
}


@pytest.mark.parametrize("name", LOGS)
def test_a_real_log_can_be_planned(
    name: str, public_logs: Path, baton: Callable[..., Any], tmp_path: Path
) -> None:
    columns, dates, least = LOGS[name]
    options = [part for column in columns.split() for part in ("--map", column)]
    baton("ingest", public_logs / name, "--log", "real", *options, *(["--dates", dates] if dates else []))
    file = tmp_path / "plan.yaml"
    found = baton("plan", "real", "-o", file, "--json").json
    assert found["verdict"] == "plan"
    assert found["coverage"] >= least
    assert found["precision"] >= 0.8
    assert all(
        choice["kind"] in {"default", "history", "rule", "outcome", "event", "person"}
        for choice in found["choices"]
    )
    assert baton("check", file, "--json").json["gate"] == "pass"
    tested = baton("backtest", file, "--json").json
    assert tested["gate"] == "pass", tested["reasons"]
    assert tested["coverage"] == pytest.approx(found["coverage"], abs=0.05)

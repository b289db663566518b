"""The loop by its commands on real logs: from a file to a prediction, with no crash and sensible figures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ONBOARDING = ("case_id=process", "activity=activity", "start=start", "timestamp=end", "resource=resource")


@pytest.mark.logs
@pytest.mark.parametrize(
    ("file", "log", "options", "cases"),
    [
        (
            "onboard_client.csv.gz",
            "onboarding",
            [*(word for pair in ONBOARDING for word in ("--map", pair)), "--dates", "dmy"],
            6838,
        ),
        ("BPI_2020_DomesticDeclarations.xes.gz", "declarations", [], 10500),
    ],
)
def test_a_real_log_goes_all_the_way_to_a_prediction(
    baton: Callable[..., Any],
    public_logs: Path,
    tmp_path: Path,
    file: str,
    log: str,
    options: list[str],
    cases: int,
) -> None:
    assert baton("ingest", public_logs / file, "--log", log, *options, "--json").json["cases"] == cases
    plan = tmp_path / "plan.yaml"
    assert baton("plan", log, "-o", plan, "--json").json["verdict"] == "plan"
    published = baton("publish", plan, "--json").json
    assert published["gate"] == "pass"
    played = baton("sandbox", published["plan"], "--cases", "300", "--json").json
    assert (played["runs"], played["log"]) == (300, f"{published['plan']}.sandbox")
    answer = baton("kpis", published["plan"], "--json").json
    assert answer["simulated"] is True
    found = {kpi["kpi"]: kpi for kpi in answer["kpis"]}
    median = found["cycle_time_median"]
    assert median["verdict"].startswith("predicted")
    assert median["interval"][0] <= median["change"] <= median["interval"][1]
    # The model must know today's process before what it says of tomorrow's is worth anything.
    assert answer["model_s"] == pytest.approx(median["before"], rel=0.25)
    assert not any(kpi["verdict"] in ("improved", "worse") for kpi in answer["kpis"])

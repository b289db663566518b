"""The exploring commands on the real command line: their JSON, files and exit codes."""

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

ORDERS = """case_id,activity,timestamp,resource,case:amount
1,Register,2026-01-05T09:00:00Z,Ann,50
1,Check,2026-01-05T11:00:00Z,Bob,50
1,Pay,2026-01-06T11:00:00Z,Cleo,50
2,Register,2026-01-05T10:00:00Z,Ann,5000
2,Check,2026-01-05T12:00:00Z,Bob,5000
2,Check,2026-01-05T13:00:00Z,Bob,5000
2,Reject,2026-01-07T13:00:00Z,Cleo,5000
"""


@pytest.fixture
def orders(baton, tmp_path: Path):
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    baton("ingest", file, "--log", "orders")
    return baton


def test_what_programs_rely_on(orders, tmp_path: Path):
    found = orders("map", "orders", "--json").json
    assert {"activities", "flows", "starts", "ends"} <= found.keys()
    assert {"activity", "events", "cases"} <= found["activities"][0].keys()
    flow = next(f for f in found["flows"] if (f["source"], f["target"]) == ("Register", "Check"))
    assert (flow["events"], flow["cases"], flow["mean_s"], flow["median_s"]) == (2, 2, 7200, 7200)
    assert found["starts"] == [{"activity": "Register", "cases": 2}]
    dear = orders("map", "orders", "--where", "case.amount > 1000", "--json").json
    assert dear["cases"] == 1 and dear["ends"] == [{"activity": "Reject", "cases": 1}]

    listed = orders("variants", "orders", "--top", "1", "--json").json
    assert listed["total"] == 2 and len(listed["variants"]) == 1
    assert {"variant", "cases", "share", "median_s", "activities"} <= listed["variants"][0].keys()

    file = tmp_path / "out" / "orders.bpmn"
    model = orders("--json", "discover", "orders", "--bpmn", file).json
    keys = {"process_tree", "sound", "fitness", "precision", "coverage", "size", "cfc", "path"}
    assert keys <= model.keys() and "content" not in model and model["path"] == str(file)
    assert Xml.parse(file).getroot().tag.endswith("definitions")  # noqa: S314


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code", "says"),
    [
        (("map", "order"), 1, "not_found", "'order'"),
        (("map", "orders", "--where", "case.amuont > 5"), 2, "filter", "column 5"),
        (("discover", "orders", "--where", "events > 9"), 1, "nothing_left", "events > 9"),
        (("discover", "orders", "--noise", "2"), 2, "usage", "noise"),
    ],
)
def test_what_goes_wrong_is_said(orders, arguments, exit_code, code, says):
    error = orders(*arguments, "--json", check=exit_code).json["error"]
    assert error["code"] == code and says in error["message"]

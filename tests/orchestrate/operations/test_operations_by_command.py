"""Operations as people type them: one clear line and the right exit code each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrate.plans.plan_file import plan_text

from .plans import order_plan

Baton = Callable[..., Any]


@pytest.fixture
def published(baton: Baton, tmp_path: Path) -> Baton:
    """The command line on a home in which the plan `orders` is published."""
    file = tmp_path / "orders.yaml"
    file.write_text(plan_text(order_plan()), encoding="utf-8")
    answer = baton("publish", file, "--json").json
    assert (answer["plan"], answer["version"], len(answer["sha256"])) == ("orders", 1, 64)
    return baton


def test_a_run_is_started_listed_shown_and_decided(published: Baton) -> None:
    begun = published("start", "orders", "--data", '{"amount": 120}', "--key", "PO-17", "--json").json
    assert begun["created"] is True
    assert published("start", "orders", "--data", '{"amount": 1}', "--key", "PO-17", "--json").json == {
        **begun,
        "created": False,
    }
    (row,) = published("runs", "--key", "PO-17", "--json").json["rows"]
    assert (row["run"], row["state"], row["steps_done"], row["steps_total"]) == (begun["run"], "open", 0, 5)
    assert published("show", begun["run"], "--json").json["journal"][0]["kind"] == "started"
    (task,) = published("tasks", "--json").json["rows"]
    assert (task["run"], task["step"], task["role"]) == (begun["run"], "Enter", "clerk")
    assert published("decide", task["task"], "done", "--by", "ada", "--json").json["by"] == "ada"
    refused = published("decide", task["task"], "done", "--by", "bob", "--json", check=1).json["error"]
    assert refused["code"] == "already_decided"
    assert "done by ada at 20" in refused["message"]
    assert published("audit", "verify", "--json").json["rows"] == 3


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["start", "order", "--data", "{}"], 1, "No plan called 'order'."),
        (["start", "orders", "--data", "{}"], 1, "'amount' is a required property"),
        (["start", "orders", "--data", "[1]"], 2, "JSON object"),
        (["show", "run-nothing"], 1, "No run called 'run-nothing'."),
        (["decide", "run-nothing.1", "done", "--by", "ada"], 1, "No task called 'run-nothing.1'."),
        (["decide", "run-nothing.1", "done"], 2, "--by"),
        (["bind", "orders", "credit", "nothing"], 1, "No connector called 'nothing'."),
        (["sandbox", "order"], 1, "No plan called 'order'."),
        (["kpis", "orders"], 1, "written by hand"),
        (["publish", "nothing.yaml"], 1, "nothing.yaml"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    published: Baton, arguments: list[str], exit_code: int, said: str
) -> None:
    answer = published(*arguments, check=exit_code)
    assert answer.out == ""
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) <= 5


def test_a_sandbox_is_played_by_command(published: Baton) -> None:
    answer = published("sandbox", "orders", "--cases", "40", "--seed", "3", "--json").json
    assert (answer["runs"], answer["log"]) == (40, "orders.sandbox")
    assert [row["log"] for row in published("logs", "--json").json["rows"]] == ["orders.sandbox"]

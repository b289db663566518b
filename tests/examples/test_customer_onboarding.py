"""What the page of the customer example says of days, with days that pass."""

from pathlib import Path

import pytest

from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.runs.shown import RunsRequest, runs

from .walk import walk

DAY = 86_400
START = """baton start customer-onboarding --key C-10 --data \
'{"customer": "C-10", "name": "Nobody", "country": "IE"}'"""


def test_who_never_answers_costs_two_days_and_after_ten_the_run_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("customer-onboarding", tmp_path, monkeypatch) as found:
        found.answer(
            "baton component add approval --as compliance-approval --role compliance-officer --by ada"
        )
        found.answer("baton publish examples/customer-onboarding/plan.yaml")
        found.answer(START)
        found.settle(DAY)
        assert not tasks(found.context, TasksRequest()).rows
        found.settle(DAY)
        (task,) = tasks(found.context, TasksRequest()).rows
        assert (task.step, task.role) == ("Check identity", "sales-operations")
        assert "never answered" in task.reason
        found.settle(8 * DAY)
        (run,) = runs(found.context, RunsRequest(plan="customer-onboarding")).rows
        assert (run.state, tasks(found.context, TasksRequest()).rows) == ("cancelled", [])
        undone = [call.rsplit(maxsplit=1)[0] for call in found.stub.calls[-2:]]
        assert undone == ["POST /numbers/release C-10 200", "POST /files/close C-10 200"]
        assert sum("close" in call or "release" in call for call in found.stub.calls) == 2

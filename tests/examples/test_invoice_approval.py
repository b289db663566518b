"""What the page of the invoice example says of days, with days that pass."""

from pathlib import Path

import pytest

from orchestrate.people.tasks import TasksRequest, tasks

from .walk import walk

DAY = 86_400
START = """baton start invoice-approval --key D-1 --by ada --data \
'{"invoice": "D-1", "order": "PO", "supplier": "S", "amount": 4800}'"""


def test_who_does_not_answer_is_reminded_and_then_it_goes_up_and_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("invoice-approval", tmp_path, monkeypatch) as found:
        found.answer("baton publish examples/invoice-approval/plan.yaml")
        found.answer(START)
        seen = []
        for _ in range(8):
            (task,) = tasks(found.context, TasksRequest()).rows
            seen.append((task.role, task.reminders))
            found.settle(DAY)
        up = [("head-of-department", 1)] * 2 + [("chief-financial-officer", 1)] * 4
        assert seen == [("budget-owner", 0), ("budget-owner", 1), *up]

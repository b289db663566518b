"""What the page of the support example says of signed messages, and of customers who say nothing."""

import json
import runpy
from pathlib import Path

import httpx
import pytest

from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.runs.shown import RunsRequest, runs
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.webhook import receive
from tests.conftest import ROOT

from .walk import Walk, walk

DAY = 86_400
PUBLISH = "baton publish examples/support-request/plan.yaml"
MESSAGE = json.dumps(
    {
        "event": "created",
        "ticket": {"id": "M-1", "from": "Stone Ltd", "severity": "high", "subject": "Export is empty"},
    }
)


def trigger(found: Walk) -> str:
    """The page's own way to add the trigger, with its secret."""
    lines = [line.removeprefix("$ ") for line in found.page.splitlines()]
    for line in lines:
        if line.startswith(("export", "baton trigger add")):
            found.answer(line)
    return next(line.partition("=")[2] for line in lines if line.startswith("export SUPPORT_SECRET"))


def test_a_signed_message_starts_one_run_and_one_that_is_not_signed_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = runpy.run_path(str(ROOT / "examples" / "support-request" / "send.py"))["signed"]
    with walk("support-request", tmp_path, monkeypatch) as found:
        found.answer(PUBLISH)
        headers = sign(trigger(found), MESSAGE, "msg_1", found.clock.now())
        starter = Starter(found.context.state, found.clock)
        answers = [receive(starter, "desk", headers, MESSAGE.encode()) for _ in range(3)]
        assert [answer.status for answer in answers] == [202] * 3
        forged = receive(starter, "desk", headers, MESSAGE.replace("high", "critical").encode())
        assert forged.status == 401
        found.settle()
        (run,) = runs(found.context, RunsRequest(plan="support-request")).rows
        (task,) = tasks(found.context, TasksRequest()).rows
        assert (run.key, task.step, task.role) == ("M-1", "Answer urgent request", "second-level")


def test_five_days_of_silence_close_a_ticket_and_what_comes_later_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses: list[str] = []
    with walk("support-request", tmp_path, monkeypatch) as found:
        found.answer(PUBLISH)
        monkeypatch.setattr(found.stub, "_later", lambda _, address, body: addresses.append(address))
        data = {"ticket": "M-2", "customer": "Stone Ltd", "severity": "normal", "subject": "A wish"}
        found.answer(f"baton start support-request --data '{json.dumps(data)}'")
        found.answer("""baton decide TASK done --by fay --data '{"reply": "Noted."}'""")
        found.settle(4.9 * DAY)
        (run,) = runs(found.context, RunsRequest(plan="support-request")).rows
        assert (run.state, tasks(found.context, TasksRequest()).rows) == ("open", [])
        found.settle(0.2 * DAY)
        (run,) = runs(found.context, RunsRequest(plan="support-request")).rows
        assert (run.state, found.stub.calls[-1].split()[1]) == ("done", "/closures")
        assert httpx.post(addresses[0], json={"outcome": "reopened"}).status_code == 409

"""What the page of the claims example says of weeks, and of a model that is checked again and again."""

import re
from pathlib import Path
from typing import Any

import pytest

from orchestrate.people.tasks import TasksRequest, tasks
from orchestrate.runs.shown import RunsRequest, runs
from tests.docs.test_adapters_page import BLOCK, examples

from .walk import walk

WEEK = 7 * 86_400
PUBLISH = "baton publish examples/claims/plan.yaml"


def start(found: Any, claim: str, amount: float = 900) -> None:
    given = f'{{"claim": "{claim}", "policy": "P", "kind": "water", "amount": {amount}}}'
    found.answer(f"baton start claims --key {claim} --data '{given}'")


def asked(found: Any) -> list[str]:
    """Claims whose judgement is a person's."""
    rows = tasks(found.context, TasksRequest(step="Judge claim")).rows
    return sorted(str(row.key) for row in rows)


def test_once_it_was_checked_the_model_decides_alone_what_it_is_sure_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("claims", tmp_path, monkeypatch) as found:
        found.answer(PUBLISH)
        monkeypatch.setattr("orchestrate.connectors.model.connector._chance", lambda *_: 0.6)
        start(found, "A-1")
        assert asked(found) == ["A-1"]
        start(found, "A-2")
        assert asked(found) == ["A-1"]
        (paid,) = runs(found.context, RunsRequest(plan="claims", key="A-2")).rows
        assert paid.state == "done"
        assert [call.split()[1] for call in found.stub.calls if " A-2 " in call][-1] == "/payments"


def drift(page: str) -> list[str]:
    """The commands of the page's last section, its loop unrolled."""
    text = page[page.index("### The model drifts") :]
    found: list[str] = []
    for kind, _, block in BLOCK.findall(text):
        for line in block.splitlines() if kind == "sh" else [e.command for e in examples(block)]:
            loop = re.fullmatch(r"for n in \$\(seq (\d+) (\d+)\); do (.+); done", line)
            if loop is None:
                found.append(line)
                continue
            for n in range(int(loop[1]), int(loop[2]) + 1):
                found.append(loop[3].replace("'$n'", str(n)).replace("$n", str(n)))
    return found


def test_twenty_who_disagree_take_the_work_from_the_model_until_it_is_trusted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("claims", tmp_path, monkeypatch) as found:
        found.answer(PUBLISH)
        *commands, reset = drift(found.page)
        said = [found.answer(command) for command in commands]
        assert "21 tasks were decided as 'inspect', 0 refused" in said[-3]
        assert re.search(r"claims-triage .* no ", said[-1]), said[-1]
        assert asked(found) == ["CL-60"]
        (task,) = tasks(found.context, TasksRequest(step="Judge claim")).rows
        assert "suggestion" not in task.context and "without the model's word" in task.reason
        alerts = found.context.state.rows("select message from alert where kind = 'model'")
        assert len(alerts) == 1 and "no longer trusted" in alerts[0]["message"]
        assert "Error" not in found.answer(reset)
        assert re.search(r"claims-triage .* yes ", found.answer("baton model list"))


def test_silence_is_two_weeks_a_reminder_and_two_weeks_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("claims", tmp_path, monkeypatch) as found:
        found.answer(PUBLISH)
        start(found, "CL-7", 12_000)
        seen = []
        for _ in range(3):
            found.settle(2 * WEEK)
            seen.append([call.split()[1] for call in found.stub.calls])
        assert seen[0] == ["/covers", "/requests", "/reminders", "/requests"]
        assert seen[1:] == [seen[0]] * 2
        (task,) = tasks(found.context, TasksRequest()).rows
        assert (task.role, task.outcomes) == ("claims-office", ["again", "on", "cancel"])

"""Seeded schedules through the core and the shell; and that they find what is planted."""

from collections.abc import Callable

import pytest

import orchestrate.engine.sub_plans
from orchestrate.engine import statements
from tests.chaos.form import rounds
from tests.chaos.schedules import first_broken, main, played


def test_whatever_goes_wrong_no_promise_is_broken() -> None:
    assert first_broken(range(rounds(quick=40, long=5000))) is None


def test_a_seed_plays_the_same_world_again(capsys: pytest.CaptureFixture[str]) -> None:
    story = "select run, rev, at, kind, worker, event from journal order by run, rev"
    assert played(5)[0].store.rows(story) == played(5)[0].store.rows(story)
    assert main(["--seed", "5"]) == 0
    assert "started" in capsys.readouterr().out


def park_unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let go of a run although an event lies unread."""
    monkeypatch.setattr(statements, "PARK", statements.PARK.replace(" and head = seen", ""))


def overrule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a timer close a task whose decision was accepted and lies unread."""
    guard = "(:strict = 0 or head = :seen)"
    monkeypatch.setattr(statements, "COMMIT", statements.COMMIT.replace(guard, "1 = 1"))


def write_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what follows from an older revision."""
    monkeypatch.setattr(statements, "COMMIT", statements.COMMIT.replace("and rev = :rev ", ""))


def forget_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sub-plan end without telling who called it."""
    monkeypatch.setattr(orchestrate.engine.sub_plans, "letters", lambda *_, **__: [])


@pytest.mark.parametrize("fault", [park_unguarded, overrule, write_twice, forget_to_tell])
def test_a_planted_fault_is_found_and_its_seed_named(
    fault: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = statements.PARK, statements.COMMIT, orchestrate.engine.sub_plans.letters
    fault(monkeypatch)
    assert (statements.PARK, statements.COMMIT, orchestrate.engine.sub_plans.letters) != before
    assert main(["--first", "50", "--seeds", "400"]) == 1
    assert "python -m tests.chaos.schedules --seed " in capsys.readouterr().out

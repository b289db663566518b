"""Script steps: what a program gets, what may come back, and what it may use."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from home.context import Context
from orchestrate.connectors.options import BadSettings, read_options
from orchestrate.connectors.port import CallFailed
from orchestrate.connectors.script.connector import ScriptConnector, ScriptOptions

from .attempts import call, work
from .cases import BOT

Run = Callable[..., Any]


@pytest.fixture
def run(make_context: Callable[..., Context]) -> Run:
    connector = ScriptConnector(make_context(script_allow=(f"{sys.executable} {BOT}",)))

    def once(*arguments: str, **options: Any) -> Any:
        return call(
            connector, work(command=[sys.executable, BOT, *arguments], **{"timeout_s": 60.0} | options)
        )

    return once


def test_a_program_gets_its_input_its_key_and_nothing_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_PASSWORD", "hunter2")
    monkeypatch.setenv("BOT_OTHER", "of the worker")
    output = run("echo", "$(id)", "a b", environment={"BOT_TOKEN": "env:BOT_PASSWORD"})
    assert output["echo"] == {"amount": 5}
    assert output["argv"] == ["$(id)", "a b"]
    assert output["environment"] == {
        "BATON_KEY": "r:a:1",
        "BATON_RUN": "r",
        "BATON_STEP": "a",
        "BATON_ATTEMPT": "1",
        "BOT_TOKEN": "hunter2",
    }


@pytest.mark.parametrize(
    ("arguments", "options", "retryable", "said"),
    [
        (("exit", "75"), {}, True, "exited with 75: it went wrong"),
        (("exit", "3"), {}, False, "exited with 3"),
        (("exit", "3"), {"retry_codes": [3]}, True, "exited with 3"),
        (("text",), {}, False, "not JSON"),
        (("chatter",), {"output_bytes": 5000}, False, "more than 5,000 bytes"),
        (("spin",), {"cpu_s": 1, "timeout_s": 60}, False, "used up its processor time"),
        (("memory",), {"memory_mb": 256}, False, "MemoryError"),
    ],
)
def test_how_it_ends_says_whether_again_can_help(
    run: Run, arguments: tuple[str, ...], options: dict[str, Any], retryable: bool, said: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        run(*arguments, **options)
    assert said in failed.value.message
    assert failed.value.can_retry is retryable


def test_output_that_nobody_reads_any_more_does_not_keep_it_from_ending(run: Run) -> None:
    for _ in range(20):  # whether its pipe is full at the end is chance
        with pytest.raises(CallFailed, match="more than 5,000 bytes"):
            run("chatter", output_bytes=5000)


def test_what_it_prints_may_be_any_json_or_nothing(run: Run) -> None:
    assert run("list") == {"result": [1, 2]}
    assert run("deaf") == {}


@pytest.mark.parametrize("apart", [(), ("apart",)])
def test_after_its_time_it_is_killed_with_what_it_started(
    run: Run, tmp_path: Path, apart: tuple[str, ...]
) -> None:
    """Also a child that made a session of its own."""
    pids = tmp_path / "pids"
    with pytest.raises(CallFailed, match="was not done within"):
        run("sleep", str(pids), *apart, timeout_s=0.7)
    assert len(_gone(pids)) == 2


def test_what_it_leaves_running_ends_with_it(run: Run, tmp_path: Path) -> None:
    """Although it holds the output open, it is not waited for."""
    run("leave", str(tmp_path / "pids"))
    assert len(_gone(tmp_path / "pids")) == 1


def _gone(file: Path) -> list[int]:
    pids = [int(pid) for pid in file.read_text().split()]
    for pid in pids:
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return pids


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "-c", "1"], ["/bin/sh", "-c", "id"], [sys.executable], [sys.executable, BOT + "x"]],
)
def test_only_programs_that_the_settings_name_are_run(
    make_context: Callable[..., Context], command: list[str]
) -> None:
    connector = ScriptConnector(make_context(script_allow=(f"{sys.executable} {BOT}",)))
    with pytest.raises(CallFailed, match="not allowed by the setting script_allow") as failed:
        call(connector, work(command=command))
    assert not failed.value.can_retry


@pytest.mark.parametrize(
    "given",
    [
        {"command": ["bot"]},
        {"command": "/bin/bot --all"},
        {"command": []},
        {"command": ["/bin/bot"], "environment": {"TOKEN": "hunter2"}},
        {"command": ["/bin/bot"], "environment": {"LD_PRELOAD": "env:X"}},
        {"command": ["/bin/bot"], "environment": {"BATON_KEY": "env:X"}},
    ],
)
def test_what_could_not_be_run_safely_is_refused_when_it_is_bound(given: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as refused:
        read_options("script", ScriptOptions, given)
    assert "hunter2" not in json.dumps(refused.value.as_dict())

"""What goes wrong is said in one clear line with a hint, as JSON where asked, with the right exit code."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from home.lock import HomeLock
from tests.conftest import ROOT, hears_ctrl_c
from tests.loop.conftest import Home

SAMPLE = ROOT / "data" / "samples"
NOWHERE = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"
ENDLESS = (
    "with recursive r(i) as (select 1 union all select i + 1 from r) "
    "select i as case_id, 'wait' as activity, '2026-01-05 08:00:00' as timestamp from r"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one small log, its plan published, and one run whose first task is decided."""
    folder = tmp_path_factory.mktemp("small")
    home = Home(folder / "home")
    mapped = (
        "case_id=Vorgangs-Nr.",
        "activity=Tätigkeit",
        "start=Beginn (Ortszeit)",
        "timestamp=Ende (Ortszeit)",
    )
    maps = [word for column in mapped for word in ("--map", column)]
    home.ask(
        "ingest", SAMPLE / "onboarding.csv", "--log", "clients", "--delimiter", ";", "--dates", "dmy", *maps
    )
    plan = folder / "clients.yaml"
    home.ask("plan", "clients", "-o", plan)
    home.ask("publish", plan, "--override", "few cases", "--by", "ada")
    home.ask("start", "clients")
    for task in home.ask("tasks")["rows"]:
        home.ask("decide", task["task"], "done", "--by", "ada")
    home.reports["task"] = home.ask("tasks", "--state", "done")["rows"][0]["task"]
    home.reports["folder"] = folder
    (folder / "nothing.csv").write_bytes(b"")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    (folder / "orders.csv").write_text("Order,Step,At\n1,Enter,2026-01-05 08:00\n", encoding="utf-8")
    (folder / "broken.yaml").write_text("format: 1\nname: [", encoding="utf-8")
    return home


TYPED = {
    # what somebody types: exit code, code of the error, words that have to be in its message or hint
    "ingest {f}/missing.csv --log x": (1, None, "missing.csv"),
    "ingest {f} --log x": (1, None, "nothing.csv is empty"),
    "ingest {f}/orders.csv --log x --map case_id=Ordr": (1, None, "'Order'"),
    "ingest {f}/orders.csv --log x": (1, None, "no column for case_id"),
    "ingest {f}/orders.csv --log x --map whatever=Order": (2, "usage", "case_id"),
    "ingest {f}/orders.csv --log x --tz Mars/Base": (2, "usage", "Mars/Base"),
    "ingest {f}/orders.csv --log x --adapter csvv": (None, None, "csv"),
    "ingest {f}/orders.csv --log x --append --replace": (2, "usage", "exclude"),
    "ingest {f}/nothing.csv --log x": (1, None, "empty"),
    "ingest {f}/picture.png --log x": (1, None, "PNG"),
    "ingest {f}/orders.csv --log clients --map case_id=Order --map activity=Step --map timestamp=At": (
        1,
        None,
        "--append",
    ),
    "ingest {nowhere} --log x --query select": (3, None, "127.0.0.1"),
    "map clientz": (1, "not_found", "'clients'"),
    "waiting nothing": (1, "not_found", "baton logs"),
    "drop nothing": (1, "not_found", "baton logs"),
    "map clients --view sideways": (2, "usage", "sideways"),
    "map clients --where case.": (None, None, "case."),
    "variants clients --top many": (2, "usage", "many"),
    "variants clients --top 0": (2, "usage", "1"),
    "discover clients --noise 3": (2, "usage", "1"),
    "candidates nothing": (1, "not_found", "baton logs"),
    "plan nothing": (1, "not_found", "nothing"),
    "plan clients:block:a..b": (1, "not_found", "clients:block:a..b"),
    "check {f}/none.yaml": (None, None, "none.yaml"),
    "check {f}/broken.yaml": (None, None, "line"),
    "export {f}/clients.yaml --to pdf -o {f}/x": (2, "usage", "pdf"),
    "publish {f}/none.yaml": (None, None, "none.yaml"),
    "publish {f}/clients.yaml --override why": (None, None, "--by"),
    "bind clients nothing sandbox": (1, "not_found", "nothing"),
    "bind clients open-account nothing": (1, "not_found", "nothing"),
    "start client": (1, "not_found", "'clients'"),
    "start clients --data {{": (2, None, "JSON"),
    "start clients --version 9": (1, "not_found", "9"),
    "sandbox nothing": (1, "not_found", "nothing"),
    "sandbox clients --cases 0": (2, "usage", "1"),
    "show nothing": (1, "not_found", "baton runs"),
    "decide nothing done --by ada": (1, "not_found", "No task called"),
    "decide {task} done --by bob": (1, "already_decided", "by ada"),
    "decide {task} done": (2, "usage", "--by"),
    "kpis nothing": (1, "not_found", "nothing"),
    "ingets x": (2, "usage", "ingest"),
    "audit verfy": (2, "usage", "verify"),
    "map": (2, "usage", "LOG"),
    "map clients --nonsense": (2, "usage", "--nonsense"),
}


def words(line: str, home: Home) -> list[str]:
    """A typed line with this home's names in it."""
    facts = {"f": home.reports["folder"], "task": home.reports["task"], "nowhere": NOWHERE}
    return [word.format(**facts) for word in line.split()]


def refused(document: Any) -> tuple[str | None, str]:
    """The code and all words of an error, or of the report of a rejected load."""
    if "error" in document:
        error = document["error"]
        assert set(error) == {"code", "message", "hint"}
        return error["code"], f"{error['message']} {error['hint']}"
    assert document["status"] == "reject"
    return None, " ".join([document["message"], *(f["message"] for f in document["findings"])])


@pytest.mark.parametrize("line", TYPED)
def test_what_goes_wrong_is_said_clearly(small: Home, line: str, capfd: pytest.CaptureFixture[str]) -> None:
    exit_code, code, said = TYPED[line]
    typed = words(line, small)
    ended, answer = small.tell(*typed)
    assert ended in ((1, 2, 3) if exit_code is None else (exit_code,)), answer
    found, message = refused(answer)
    assert code in (None, found)
    assert said in message


@pytest.mark.parametrize(
    "line", ["map clientz", "ingets x", "decide {task} done --by bob", "map clients --top"]
)
def test_people_read_one_line_and_a_hint(small: Home, line: str) -> None:
    answer = small.run(*words(line, small), check=None)
    assert answer.exit in (1, 2)
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) <= 4
    assert "Error: " in answer.err


def test_a_busy_home_names_its_owner(small: Home) -> None:
    with HomeLock(small.folder, "serve"):
        answer = small.run("map", "clients", "--json", check=1)
        assert small.run("tasks", "--json").json["rows"] == small.ask("tasks")["rows"], "needs no event store"
    error = answer.json["error"]
    assert error["code"] == "busy"
    assert f"`baton serve` (process {os.getpid()})" in error["message"]
    assert "--home" in error["hint"]


def test_an_unreachable_database_ends_with_3(small: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_DATABASE_URL", NOWHERE)
    answer = small.run("runs", "--json", check=3)
    assert answer.json["error"]["code"] == "unreachable"
    assert "127.0.0.1" in answer.json["error"]["message"]


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    (home.folder / "baton.toml").write_text("heartbeats = 3\n", encoding="utf-8")
    error = home.run("logs", "--json", check=2).json["error"]
    assert error["code"] == "setting"
    assert "heartbeat_s" in error["message"] + error["hint"]


@pytest.fixture
def loading_for_ever(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Home]]:
    """`baton ingest` of a query that never ends, once it holds the home."""
    import sqlite3

    source = tmp_path / "endless.sqlite"
    with sqlite3.connect(source) as connection:
        connection.execute("create table empty (a)")
    home = Home(tmp_path / "home")
    command = [
        sys.executable,
        "-m",
        "baton",
        "--home",
        str(home.folder),
        "ingest",
        str(source),
        "--log",
        "endless",
    ]
    process = subprocess.Popen(
        [*command, "--adapter", "sql_database", "--query", ENDLESS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hears_ctrl_c,
    )
    lock, deadline = home.folder / "lock", time.monotonic() + 30
    while not (lock.is_file() and lock.read_text(encoding="utf-8")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    yield process, home
    process.kill()
    process.wait()


def test_ctrl_c_ends_with_130_and_keeps_nothing(loading_for_ever: tuple[subprocess.Popen[str], Home]) -> None:
    process, home = loading_for_ever
    threading.Event().wait(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert out == ""
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1
    assert home.ask("logs")["rows"] == []

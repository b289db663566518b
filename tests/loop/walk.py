"""Walks the loop on one log by the commands of the contract, and keeps what each answered."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.loop.conftest import Home

ON_TOWARDS_THE_END = ("on", "done", "skip")
PATIENCE_S = 60.0
MOST_DECISIONS = 60


def walk(home: Home, log: str, folder: Path, *, cases: int, service: str) -> dict[str, Any]:
    """The answers by command. `service` is a step that is bound to the sandbox connector."""
    file, key = folder / f"{log}.yaml", f"{log}-1042"
    said: dict[str, Any] = {}
    said["logs"] = home.ask("logs")
    said["map"] = home.ask("map", log)
    said["variants"] = home.ask("variants", log, "--top", 5)
    said["discover"] = home.ask("discover", log, "--bpmn", folder / f"{log}.bpmn")
    said["waiting"] = home.ask("waiting", log)
    said["drift"] = home.ask("drift", log)
    said["findings"] = home.ask("findings", log)
    said["candidates"] = home.ask("candidates", log, "--rate", 60)
    said["plan"] = home.ask("plan", f"{log}:process", "--owner", "ada", "-o", file)
    said["check"] = home.ask("check", file)
    said["backtest"] = home.ask("backtest", file)
    gate = [] if said["backtest"]["gate"] == "pass" else ["--override", "tried on purpose", "--by", "ada"]
    said["publish"] = home.ask("publish", file, *gate)
    name = said["publish"]["plan"]
    said["export bpmn"] = home.ask("export", file, "--to", "bpmn", "-o", folder / "plan.bpmn")
    said["export mermaid"] = home.ask("export", file, "--to", "mermaid", "-o", folder / "plan.mmd")
    said["start"] = home.ask("start", name, "--data", "{}", "--key", key)
    said["start again"] = home.ask("start", name, "--data", "{}", "--key", key)
    run = said["start"]["run"]
    said["tasks"], said["decide"], said["decide again"] = drive(home, run)
    said["runs"] = home.ask("runs", "--key", key)
    said["show"] = home.ask("show", run)
    said["bind"] = home.ask("bind", name, service, "sandbox")
    said["sandbox"] = home.ask("sandbox", name, "--cases", cases, "--seed", 1)
    said["kpis"] = home.ask("kpis", name, "--after", f"{name}.sandbox")
    said["audit verify"] = home.ask("audit", "verify")
    return said


def drive(home: Home, run: str) -> tuple[Any, Any, Any]:
    """Let a worker drive a run and decide its tasks until it ends: first tasks, first decision, and again."""
    command = [sys.executable, "-m", "baton", "--home", str(home.folder), "worker", "--driver", "table"]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    first: list[Any] = []
    decided = 0
    try:
        deadline = time.monotonic() + PATIENCE_S
        while home.ask("show", run)["state"] == "open":
            assert time.monotonic() < deadline, home.ask("show", run)
            found = home.ask("tasks", "--run", run)
            for row in found["rows"]:
                words = ["decide", row["task"], outcome(row["outcomes"])]
                answer = home.ask(*words, "--by", "ada")
                if not first:
                    first = [found, answer, home.ask(*words, "--by", "bob", check=1)]
                decided += 1
                assert decided <= MOST_DECISIONS, "a run goes round and round"
            threading.Event().wait(0.02)
    finally:
        worker.terminate()
        _, complaints = worker.communicate(timeout=30)
    assert "Traceback" not in complaints, complaints
    assert worker.returncode == 0, complaints
    return first[0], first[1], first[2]


def outcome(offered: list[str]) -> str:
    """What a person answers who wants the run to go on and end."""
    for word in ON_TOWARDS_THE_END:
        if word in offered:
            return word
    return offered[0] if offered else "done"

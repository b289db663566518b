"""Rows of runs as people see them: how far each is, what it waits for and until when."""

import json
from typing import Any, Literal

from home.contracts import Response
from home.database import Database, Row
from home.errors import unknown
from orchestrate.contracts import Priority, Step
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.progress import progress
from orchestrate.core.rules import compile_rule
from orchestrate.core.turn import State, timers
from orchestrate.engine.statements import PRIORITIES
from orchestrate.people.moments import moment
from orchestrate.plans.versions import find_version

DEADLINES = ("due", "retry", "timeout", "deadline")
"""Timers that move a run on; reminders and alerts do not."""
WaitsOn = Literal["person", "system", "time", "run", "worker", "resume", "release"]
PHASES = {"ready": "the work on", "retry": "the next attempt of", "accepted": "the answer of"}


class RunRow(Response):
    """One run."""

    run: str
    plan: str
    version: int
    key: str | None
    """Business key it was started with."""
    state: str
    """`open`, `done` or `cancelled`; `stuck` is open, and driven by nobody until it is released."""
    priority: Priority
    step: str | None
    """Where it is."""
    steps_done: int
    steps_total: int
    """On the longest way it can still take."""
    started: str
    ended: str | None
    waiting_for: str | None
    waits_on: list[WaitsOn]
    """Kinds of what it waits for: a `person`, an answer of a `system` or a place at it, a `time`, another
    `run`, a `worker` to drive it, somebody to `resume` it, or to `release` it."""
    systems: list[str]
    """Systems of the steps it is at."""
    due: str | None
    """When what it waits for is due, or it goes on by itself."""
    parent: str | None
    """The run that called this one, for a sub-plan's."""
    simulated: bool


def find_run(state: Database, run: str) -> Row:
    """The row of a run; raises `NotFound` with the nearest ids."""
    row = state.row("select * from run where id = :run", {"run": run})
    if row is None:
        known = state.rows("select id from run where simulated = 0 order by id desc limit 1000")
        raise unknown("run", run, [r["id"] for r in known], listing="baton runs")
    return row


def journal_of(state: Database, run: str) -> list[Row]:
    """The journal of a run, in order."""
    return state.rows("select * from journal where run = :run order by rev", {"run": run})


class Reader:
    """Reads rows of runs with the plans they run, each plan once."""

    def __init__(self, state: Database) -> None:
        self._state = state
        self._indexes: dict[tuple[str, int], PlanIndex] = {}

    def index(self, row: Row) -> PlanIndex:
        """The plan of a run, made ready."""
        name = (row["plan"], row["version"])
        if name not in self._indexes:
            self._indexes[name] = PlanIndex(find_version(self._state, *name).plan, compile_rule)
        return self._indexes[name]

    def tasks(self, run: str) -> list[Row]:
        """Its open tasks that somebody waits for."""
        sql = "select * from task where run = :run and status = 'open' and kind <> 'side' order by opened, id"
        return self._state.rows(sql, {"run": run})

    def row(self, row: Row) -> RunRow:
        """A run as people see it."""
        index, state = self.index(row), json.loads(row["state"])
        begun = "open" in state
        far = progress(index, state) if begun else None
        waits = self._waits(row, index, state) if row["status"] == "open" else []
        due = [at for at, _, what in (timers(state) if begun else []) if what in DEADLINES]
        if row["held"] and row["due"]:
            due.append(row["due"])
        return RunRow(
            run=row["id"],
            step=", ".join(far.steps) or None if far else None,
            steps_done=far.done if far else 0,
            steps_total=far.total if far else sum(1 for _ in index.steps()) - len(index.side),
            state="stuck" if row["stuck"] and row["status"] == "open" else row["status"],
            priority=PRIORITIES[row["priority"]],
            started=moment(row["started"]) or "",
            ended=moment(row["ended"]),
            waiting_for="; ".join(words for _, words in waits) or None,
            waits_on=sorted({kind for kind, _ in waits}),
            systems=_systems(index, state) if begun and row["status"] == "open" else [],
            due=moment(min(due, default=None)),
            simulated=bool(row["simulated"]),
            **{name: row[name] for name in ("plan", "version", "key", "parent")},
        )

    def _waits(self, row: Row, index: PlanIndex, state: State) -> list[tuple[WaitsOn, str]]:
        if row["stuck"]:
            return [("release", f"somebody to release it: {row['stuck']}")]
        if "open" not in state:
            return [("worker", "a worker to begin it")]
        if "paused" in state:
            return [("resume", "somebody to resume it")]
        found: list[tuple[WaitsOn, str]] = [("person", _who(task)) for task in self.tasks(row["id"])]
        if row["held"] and row["owner"] is None:
            found.append(("system", row["held"]))
        for key, token in state["open"].items():
            node, phase = index.nodes.get(token.get("node", key)), token.get("phase")
            if not isinstance(node, Step) or phase not in PHASES:
                continue
            if phase == "ready" and row["owner"] is None:
                if not row["held"]:
                    found.append(("worker", f"a worker to go on with {node.name!r}"))
            elif "child" in token:
                found.append(("run", f"run {token['child']} that does {node.name!r}"))
            else:
                found.append(("time" if phase == "retry" else "system", f"{PHASES[phase]} {node.name!r}"))
        return found


def _systems(index: PlanIndex, state: State) -> list[str]:
    at = [index.nodes.get(token.get("node", key)) for key, token in state["open"].items() if "phase" in token]
    return sorted({node.system for node in at if isinstance(node, Step) and node.system})


def _who(task: dict[str, Any]) -> str:
    who = task["assignee"] or task["role"] or "anybody"
    queue = " in the manual queue" if task["kind"] == "manual" else ""
    return f"{who}: {task['name']}{queue}"

"""How each connector is put to the contract test: bound to something real that can also hang and fail."""

import asyncio
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from home.context import Context
from orchestrate.contracts import Step

from . import functions
from .attempts import CONTRACT

BOT = str(Path(__file__).with_name("bot.py"))
FUNCTIONS = functions.__name__


@dataclass
class World:
    """What connectors reach in these tests."""

    service: Any
    mail: Any
    folder: Path
    make_context: Callable[..., Context]
    rabbit: Any = None
    listening: list[socket.socket] = field(default_factory=list)

    @property
    def context(self) -> Context:
        (self.folder / "home").mkdir(exist_ok=True)
        models = f'[models.check]\nconnector = "python"\nfunction = "{FUNCTIONS}:judge"\n'
        models += f'[models.hung]\nconnector = "python"\nfunction = "{FUNCTIONS}:never"\n'
        (self.folder / "home" / "baton.toml").write_text(models)
        return self.make_context(
            python_allow=(f"{FUNCTIONS}:*",),
            script_allow=(f"{sys.executable} {BOT}",),
            home=self.folder / "home",
        )

    @property
    def nowhere(self) -> str:
        """Host and port of a server that takes connections and says nothing."""
        if not self.listening:
            silent = socket.create_server(("127.0.0.1", 0))
            self.listening.append(silent)
        return f"127.0.0.1:{self.listening[0].getsockname()[1]}"

    @property
    def database(self) -> str:
        file = self.folder / "sales.sqlite"
        with sqlite3.connect(file) as connection:
            connection.execute("create table if not exists sale(amount)")
        return f"sqlite:///{file}"


@dataclass(frozen=True)
class Case:
    """One connector."""

    settings: Callable[[World], dict[str, Any]]
    """A binding that works."""
    wrong: tuple[str, str]
    """A misspelt setting, and what was meant."""
    hanging: Callable[[World], dict[str, Any]] | None = None
    """A binding whose other end does not answer."""
    still: Callable[[World], bool] = lambda world: False
    """Whether something of it goes on after it was cancelled."""
    effects: Callable[[World], int] | None = None
    """How often its effect happened; told apart by the key."""
    secret: Callable[[World], dict[str, Any]] | None = None
    """A binding that fails after it has used the secret in PLANTED."""
    step: Step | None = None
    marks: tuple[str, ...] = ()
    takes: dict[str, Any] = field(default_factory=lambda: {"amount": 5})


SLOW_SQL = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) as approved from n"
JUDGED = Step(id="a", name="A", does="model", outcomes=("yes", "no"), output={})


def _bot(*arguments: str, **more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"command": [sys.executable, BOT, *arguments], **more}


def _pid(world: World) -> str:
    return str(world.folder / "pids")


def _processes(world: World) -> bool:
    file = Path(_pid(world))
    pids = [int(pid) for pid in file.read_text().split()] if file.exists() else []
    return any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def _rows(world: World) -> int:
    with sqlite3.connect(world.database.removeprefix("sqlite:///")) as connection:
        return int(connection.execute("select count(*) from sale").fetchone()[0])


def _locked(world: World) -> bool:
    """Whether somebody is at the database still."""
    with sqlite3.connect(world.folder / "sales.sqlite", timeout=0) as connection:
        connection.execute("begin exclusive")
    return False


CASES: dict[str, Case] = {
    "http": Case(
        settings=lambda world: {"url": f"{world.service.url}/approve"},
        wrong=("ulr", "url"),
        hanging=lambda world: {"url": f"{world.service.url}/hang"},
        effects=lambda world: len({seen["headers"].get("idempotency-key") for seen in world.service.seen}),
        secret=lambda world: {"url": f"{world.service.url}/repeat", "bearer": "env:PLANTED"},
    ),
    "python": Case(
        settings=lambda world: {"function": f"{FUNCTIONS}:approve"},
        wrong=("funktion", "function"),
        hanging=lambda world: {"function": f"{FUNCTIONS}:never"},
        still=lambda world: bool(functions.RUNNING),
        effects=lambda world: len(set(functions.SEEN)),
    ),
    "sql": Case(
        settings=lambda world: {
            "url": world.database,
            "statement": "insert into sale values (:amount) returning 1 = 1 as approved",
            "does": "write",
            "answers": "rows",
        },
        wrong=("statment", "statement"),
        hanging=lambda world: {"url": world.database, "statement": SLOW_SQL},
        still=_locked,
        effects=_rows,
        secret=lambda world: {"url": "env:PLANTED_URL", "statement": "select 1"},
        step=Step(id="a", name="A", output={}),
    ),
    "script": Case(
        settings=_bot("echo"),
        wrong=("comand", "command"),
        hanging=lambda world: _bot("sleep", _pid(world))(world),
        still=_processes,
        secret=_bot("exit", "3", environment={"BOT_TOKEN": "env:PLANTED"}),
    ),
    "notify": Case(
        settings=lambda world: {"to": "env:MAIL", "body": "{amount} arrived"},
        wrong=("boddy", "body"),
        hanging=lambda world: {"to": "env:SILENT_MAIL", "body": "x"},
        effects=lambda world: len(world.mail.mails),
        secret=lambda world: {"to": "env:SECRET_MAIL", "body": "x"},
        step=Step(id="a", name="A", output={}),
    ),
    "publish": Case(
        settings=lambda world: {"address": world.rabbit.address, "type": "test.done"},
        wrong=("typ", "type"),
        hanging=lambda world: {
            "address": f"amqp://{world.nowhere}/?queue=q",
            "type": "t",
        },
        secret=lambda world: {"address": "env:SECRET_BROKER", "type": "t"},
        step=Step(id="a", name="A", output={}),
        marks=("rabbit",),
    ),
    "consume": Case(
        settings=lambda world: {
            "address": "amqp://127.0.0.1/?queue=q",
            "field": "data.amount",
            "equals": "amount",
        },
        wrong=("equal", "equals"),
        secret=lambda world: {"address": "env:PLANTED", "field": "subject", "equals": "amount"},
        step=Step(id="a", name="A", output={}),
    ),
    "model": Case(
        settings=lambda world: {"model": "check"},
        wrong=("modell", "model"),
        hanging=lambda world: {"model": "hung"},
        still=lambda world: bool(functions.RUNNING),
        step=JUDGED,
    ),
    "sandbox": Case(settings=lambda world: {}, wrong=("url", "")),
}


def step_of(case: Case) -> Step:
    """The step that the connector does."""
    from orchestrate.contracts import Observed

    seen = Observed(n=10, outputs={"approved": {"true": 1.0}})
    return case.step or Step(id="a", name="A", does="service", output=CONTRACT, observed=seen)


async def cancelled(call: Any, begun: Callable[[], bool]) -> None:
    """Start a call, and cancel it once it has begun."""
    task = asyncio.create_task(call)
    for _ in range(500):
        if begun() or task.done():
            break
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

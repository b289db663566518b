"""A published plan on each database, triggers on it, and a loop that is beaten by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from home.clock import SettableClock
from home.context import Context, Stores
from home.settings import Configuration, Settings
from orchestrate.contracts import Owner, Plan, Step
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.triggers.add import AddTriggerRequest, add_trigger
from orchestrate.triggers.loop import Triggers
from orchestrate.triggers.manage import ShowTriggerRequest, show_trigger
from orchestrate.triggers.shown import TriggerDetails


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at Monday, 5 January 2026, 09:00 UTC."""
    return SettableClock()


def plan(name: str, **more: Any) -> Plan:
    """One task for a clerk."""
    body = Step(id="look", name="Look at it", role="clerk")
    return Plan(name=name, owner=Owner(name="ada"), body=body, **more)


ORDERS = {
    "type": "object",
    "properties": {"amount": {"type": "number"}, "order": {"type": "string"}},
    "required": ["amount"],
}


class Desk:
    """A home on which triggers are added, beaten and looked at."""

    def __init__(self, context: Context, clock: SettableClock) -> None:
        self.context, self.clock, self.state = context, clock, context.state
        self._loops: list[Triggers] = []
        for one in (plan("orders", input=ORDERS), plan("notes"), plan("letters")):
            with self.state.transaction() as connection:
                add_version(connection, one, Verdict(gate="pass"), at=clock.now(), by="ada")

    def add(self, name: str, to: str = "notes", **asked: Any) -> TriggerDetails:
        """`baton trigger add`."""
        return add_trigger(self.context, AddTriggerRequest(name=name, plan=to, **asked))

    def show(self, name: str) -> TriggerDetails:
        """`baton trigger show`."""
        return show_trigger(self.context, ShowTriggerRequest(name=name))

    def loop(self) -> Triggers:
        """Another worker's loop, not started: it looks when it is beaten."""
        self._loops.append(Triggers(self.context))
        return self._loops[-1]

    def beat(self, loop: Triggers | None = None) -> None:
        """Look once at all that is due, to the end."""
        for look in (loop or self.first).beat():
            look.result(timeout=60)

    @property
    def first(self) -> Triggers:
        """The loop of the first worker."""
        return self._loops[0] if self._loops else self.loop()

    def runs(self, plan: str | None = None) -> list[dict[str, Any]]:
        """The runs there are with the data they were started with: oldest first, of one moment by data."""
        found = self.state.rows(
            "select id, plan, key, status, started_by, started, state from run"
            " where cast(:plan as text) is null or plan = :plan ",
            {"plan": plan},
        )
        runs = [row | {"data": json.loads(row["state"])["data"]} for row in found]
        return sorted(runs, key=lambda run: (run["started"], json.dumps(run["data"])))

    def data(self, plan: str | None = None) -> list[dict[str, Any]]:
        """What the runs were started with."""
        return [run["data"] for run in self.runs(plan)]

    def end(self, run: str, status: str = "done") -> None:
        """Let a run have ended now."""
        at = self.clock.now().timestamp()
        self.state.execute(
            "update run set status = :status, ended = :at where id = :run",
            {"status": status, "at": at, "run": run},
        )

    def audited(self, action: str) -> list[dict[str, Any]]:
        """What the audit has of an action."""
        return self.state.rows("select * from audit where action = :action order by seq", {"action": action})

    def close(self) -> None:
        """Stop every loop."""
        for loop in self._loops:
            loop.stop()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Desk]:
    """A desk on each database."""
    yield from opened(tmp_path, database_url, clock)


@pytest.fixture
def sqlite_desk(tmp_path: Path, clock: SettableClock) -> Iterator[Desk]:
    """A desk on SQLite, for what does not depend on the database."""
    yield from opened(tmp_path, "", clock)


def opened(tmp_path: Path, url: str, clock: SettableClock) -> Iterator[Desk]:
    settings = Settings(home=tmp_path / "home", database_url=url)
    stores = Stores(settings)
    made = Desk(Context(Configuration(settings, {}), stores, clock=clock, actor="ada"), clock)
    yield made
    made.close()
    stores.close()


Sign = Callable[..., dict[str, str]]


@pytest.fixture
def sign(clock: SettableClock) -> Sign:
    """Headers of a request as Standard Webhooks signs it."""
    from standardwebhooks.webhooks import Webhook

    def headers(secret: str, body: str, id: str = "msg_1", **more: Any) -> dict[str, str]:
        at = more.get("at", clock.now())
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(id, at, body),
            "content-type": more.get("type", "application/json"),
        }

    return headers

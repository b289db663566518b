"""A home with runs that wait for people, a clock that is set, and alerts about them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from home.clock import SettableClock
from home.context import Context
from orchestrate.alerts.listing import AlertRow, AlertsRequest, alerts
from orchestrate.alerts.loop import Alerting
from orchestrate.engine.statements import RAISE
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.runs.start_run import StartRequest, start
from tests.orchestrate.connectors.smtp import Mail, mail_server
from tests.orchestrate.operations.conftest import clock, context
from tests.orchestrate.operations.plans import approval, plan_of

__all__ = ["clock", "context"]


class Home:
    """Raises alerts, and lists them."""

    def __init__(self, context: Context, clock: SettableClock) -> None:
        self.context, self.clock = context, clock
        with context.state.transaction() as connection:
            add_version(connection, plan_of(approval()), Verdict("no history"), at=clock.now(), by="ada")

    def run(self, key: str | None = None) -> str:
        return str(start(self.context, StartRequest(plan="orders", key=key)).run)

    def alert(self, run: str = "", kind: str = "late", node: str = "approve", visit: int = 1) -> None:
        message = f"{kind} at {node or 'the run'}"
        place = {"run": run, "kind": kind, "node": node, "visit": visit, "message": message}
        with self.context.state.transaction() as connection:
            connection.execute(text(RAISE), place | {"at": self.clock.now().timestamp()})

    def rows(self, **asked: Any) -> list[AlertRow]:
        return alerts(self.context, AlertsRequest(**asked)).rows

    def open(self, **asked: Any) -> list[str]:
        """Ids of the open alerts."""
        return [row.alert for row in self.rows(**asked)]


@pytest.fixture
def home(context: Context, clock: SettableClock) -> Home:
    return Home(context, clock)


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    with mail_server() as server:
        monkeypatch.setenv("OPS", server.address("ops@example.org"))
        monkeypatch.setenv("NOBODY", server.address("nobody@example.org"))
        yield server


def worker(home: Home, said: str = 'to = ["env:OPS"]') -> Alerting:
    """The part of a worker that looks after alerts, under these settings."""
    home.context.home.mkdir(parents=True, exist_ok=True)
    (home.context.home / "baton.toml").write_text(f"[alerts]\n{said}\n")
    return Alerting(home.context)


def later(home: Home, **by: float) -> None:
    home.clock.advance(timedelta(**by))


def subjects(mail: Mail) -> list[str]:
    return [str(sent["Subject"]) for sent in mail.mails]

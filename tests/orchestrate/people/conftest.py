"""An office: a plan, an engine on a settable clock, and the people whom its tasks come to."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.clock import SettableClock
from home.context import Context
from home.settings import Settings
from orchestrate.contracts import Parallel, Plan, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import DecideRequest, Decision, decide
from orchestrate.people.changes import PersonAddRequest, PersonSetRequest, add, change
from orchestrate.people.directory import PersonRow
from orchestrate.people.tasks import TaskRow, TasksRequest, tasks
from tests.orchestrate.operations.conftest import clock, context
from tests.orchestrate.operations.plans import plan_of

__all__ = ["clock", "context"]


@pytest.fixture
def home_context(tmp_path: Path, clock: SettableClock) -> Any:
    """A command's context on SQLite only, for what no database can change."""
    from home.context import Stores
    from home.settings import Configuration

    settings = Settings(home=tmp_path / "home")
    stores = Stores(settings)
    yield Context(Configuration(settings, {}), stores, clock=clock, actor="root")
    stores.close()


def human(name: str, **more: Any) -> Step:
    """A step for the clerks, approved or rejected."""
    fields = {"id": name, "name": name.capitalize(), "role": "clerk", "outcomes": ("approved", "rejected")}
    return Step.model_validate(fields | more)


class Office:
    """Runs of one plan, and the people who work on them."""

    def __init__(self, context: Context, clock: SettableClock, plan: Plan) -> None:
        self.context, self.clock, self.plan = context, clock, plan
        self.engine = Engine(
            context.state, {}, driver=MemoryDriver(clock), clock=clock, load=lambda name, version: (plan, 1)
        )

    def start(self, times: int = 1, **given: Any) -> list[str]:
        """Start runs and let them come to their first tasks; their ids."""
        runs = [self.engine.start(self.plan.name, **given)[0] for _ in range(times)]
        self.settle()
        return runs

    def settle(self, **later: float) -> None:
        """Let everything happen that can, up to a moment `later` (`hours=4`), which it then is."""
        end = self.clock.now() + timedelta(**later)
        self.engine.run_until_idle(end)
        self.clock.set(end)

    def tasks(self, **asked: Any) -> list[TaskRow]:
        """What is listed."""
        return tasks(self.context, TasksRequest.model_validate(asked)).rows

    def with_whom(self) -> list[str | None]:
        """The assignees of the open tasks, in the order in which they were opened."""
        rows = self.context.state.rows("select assignee from task where status = 'open' order by rowid")
        return [row["assignee"] for row in rows]

    def decide(self, task: str, by: str, outcome: str = "approved", **more: Any) -> Decision:
        """Decide, and let the run go on."""
        found = decide(self.context, DecideRequest(task=task, outcome=outcome, by=by, **more))
        self.settle()
        return found

    def person(self, login: str, *roles: str, **more: Any) -> PersonRow:
        """Put somebody into the directory."""
        return add(self.context, PersonAddRequest(login=login, role=roles or ("clerk",), **more))

    def set(self, login: str, **more: Any) -> PersonRow:
        """Change somebody."""
        return change(self.context, PersonSetRequest(login=login, **more))

    def alerts(self) -> list[str]:
        """What somebody should look at, in order."""
        return [
            row["message"] for row in self.context.state.rows("select message from alert order by at, run")
        ]


MakeOffice = Callable[..., Office]


@pytest.fixture
def office(home_context: Context, clock: SettableClock) -> Any:
    """Makes an office on SQLite whose plan is these steps, one after the other."""
    made: list[Office] = []

    def make(*steps: Step, side_by_side: bool = False) -> Office:
        body = (Parallel if side_by_side else Sequence)(id="all", children=steps)
        made.append(Office(home_context, clock, plan_of(body)))
        return made[-1]

    yield make
    for one in made:
        one.engine.stop()

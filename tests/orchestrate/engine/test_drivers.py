"""One contract for every driver, on both databases."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from home.clock import SettableClock
from home.errors import NotFound, Refused
from orchestrate.connectors.port import Later, Work
from orchestrate.contracts import Binding, Loop, Parallel, Plan, Retry, Sequence
from orchestrate.engine.journal import post_in
from orchestrate.engine.start import BadInput
from tests.orchestrate.engine.schedules import a_plan, human, service

DRIVERS = ("memory", "table", "dbos")
every_driver = pytest.mark.parametrize("driver", DRIVERS)
NOW = timedelta(0)


def whole() -> Plan:
    """Every kind of wait and of going on; one branch only, so that its history has one order."""
    loop = Loop(id="l", body=service("b"), redo=service("fix"), by="rule", again="visit == 1 && done.b < 2")
    return a_plan(
        Sequence(
            id="s",
            children=(
                service("a", retry=Retry(attempts=3, wait_initial=NOW, wait_jitter=NOW)),
                loop,
                human("h", outcomes=("approve", "reject")),
                service("c", compensation=Binding(connector="undo")),
                human("last"),
            ),
        )
    )


def story(bench: Any) -> list[tuple[Any, ...]]:
    """One run through the whole plan: two failures, a loop, a decision, a cancellation undone."""
    bench.stub.failures["a"] = 2
    run, _ = bench.engine.start("planted", data={"amount": 1}, key="K1")
    bench.settle()
    bench.engine.post(run, "decided", {"node": "h", "outcome": "approve", "by": "ada"})
    bench.settle()
    bench.engine.post(run, "decided", {"node": "h", "outcome": "approve", "by": "too late"})
    bench.settle()
    bench.engine.post(run, "cancel", {"by": "ada"})
    bench.settle()
    assert bench.run(run)["status"] == "cancelled"
    assert (bench.run(run)["owner"], bench.run(run)["due"]) == (None, None)
    found: list[tuple[Any, ...]] = bench.history(run)
    return found


def test_one_plan_has_one_history_whatever_drives_it(bench: Callable[..., Any]) -> None:
    histories = []
    for driver in DRIVERS:
        made = bench(driver, whole().model_copy(update={"name": f"by-{driver}"}))
        histories.append(story(made))
        assert [key.partition(":")[2] for key in made.stub.calls] == [
            *("a:1", "a:1", "a:1", "b:1", "fix:1", "b:2", "c:1", "c:1:undo")
        ]
        made.engine.stop()
    assert histories[0] == histories[1] == histories[2]
    kinds = [entry[1] for entry in histories[0]]
    assert kinds.count("failed") == 2
    assert kinds.count("refused") == 1


@every_driver
def test_a_business_key_starts_one_run(bench: Callable[..., Any], driver: str) -> None:
    made = bench(driver, a_plan(service("a")))
    first = made.engine.start("planted", key="K1")
    again = made.engine.start("planted", key="K1")
    other = made.engine.start("planted", key="K2")
    made.settle()
    assert (first[1], again) == (True, (first[0], False))
    assert other[1]
    assert len(made.stub.calls) == 2


class Gate:
    """A system that answers when it is told to."""

    summary = "A gate."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.opened = asyncio.Event()

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.asked.append(work.step.id)
        await self.opened.wait()
        return {}


@pytest.mark.parametrize("driver", ["table", "dbos"])
def test_branch_b_does_not_wait_for_branch_a(
    bench: Callable[..., Any], driver: str, until: Callable[..., Any]
) -> None:
    gate = Gate()
    lane_a = service("a", binding=Binding(connector="gate"))
    lane_b = Sequence(id="q", children=(service("b1"), service("b2"), human("b3")))
    made = bench(driver, a_plan(Parallel(id="p", children=(lane_a, lane_b))), gate=gate)
    run, _ = made.engine.start("planted")
    until(lambda: made.database.rows("select 1 from task where run = :run", {"run": run}))
    assert gate.asked == ["a"]
    made.engine.post(run, "decided", {"node": "b3", "by": "ada"})
    until(lambda: [entry for entry in made.history(run) if entry[1] == "decided"])
    assert not [entry for entry in made.history(run) if entry[2] == "a"]
    made.engine._loop.call_soon_threadsafe(gate.opened.set)
    until(lambda: made.run(run)["status"] == "done")


@every_driver
def test_a_retry_and_a_time_limit_come_when_they_are_due(
    bench: Callable[..., Any], driver: str, until: Callable[..., Any]
) -> None:
    wait = Retry(attempts=2, wait_initial=timedelta(milliseconds=150), wait_jitter=NOW)
    body = Sequence(
        id="s", children=(service("a", retry=wait), human("h", timeout=timedelta(milliseconds=100)))
    )
    made = bench(driver, a_plan(body))
    made.stub.failures["a"] = 1
    run, _ = made.engine.start("planted")
    manual = "select 1 from task where run = :run and kind = 'manual'"
    if isinstance(made.clock, SettableClock):
        made.engine.run_until_idle()
    until(lambda: made.database.rows(manual, {"run": run}))
    rows = made.database.rows("select kind, at from journal where run = :run order by rev", {"run": run})
    at = [row["at"] for row in rows]
    assert [row["kind"] for row in rows] == ["started", "failed", "tick", "succeeded", "tick"]
    assert 0.149 <= at[2] - at[1] < 5
    assert 0.099 <= at[4] - at[3] < 5


@every_driver
def test_an_event_posted_by_another_process_wakes_the_run(
    bench: Callable[..., Any], driver: str, until: Callable[..., Any]
) -> None:
    made = bench(driver, a_plan(Sequence(id="s", children=(human("h"), service("a")))))
    run, _ = made.engine.start("planted")
    made.settle()
    with made.database.transaction() as connection:
        seq = post_in(connection, run, "decided", {"task": f"{run}.1", "by": "ada"}, 0.0)
    assert seq == 1
    if driver == "memory":
        made.settle()
    until(lambda: made.run(run)["status"] == "done")
    with made.database.transaction() as connection:
        assert post_in(connection, run, "decided", {"task": f"{run}.1", "by": "bo"}, 0.0) is None


class Mailbox:
    """A system that accepts work and answers some other time."""

    summary = "A mailbox."
    options: Mapping[str, str] = {}

    async def call(self, work: Work) -> Later:
        return Later()


@every_driver
def test_accepted_work_is_parked_until_its_result_is_posted(bench: Callable[..., Any], driver: str) -> None:
    step = service("a", binding=Binding(connector="mailbox"))
    made = bench(driver, a_plan(step), mailbox=Mailbox())
    run, _ = made.engine.start("planted")
    made.settle()
    assert (made.run(run)["status"], made.run(run)["owner"]) == ("open", None)
    made.engine.post(run, "succeeded", {"node": "a", "visit": 1, "attempt": 1, "output": {"sent": True}})
    made.settle()
    assert made.run(run)["status"] == "done"


@every_driver
def test_what_cannot_be_done_is_refused_with_a_reason(bench: Callable[..., Any], driver: str) -> None:
    made = bench(driver, a_plan(service("a"), input={"required": ["amount"]}))
    with pytest.raises(BadInput, match="'amount' is a required property"):
        made.engine.start("planted")
    run, _ = made.engine.start("planted", data={"amount": 1})
    made.settle()
    with pytest.raises(Refused, match="is done and takes no 'pause'"):
        made.engine.post(run, "pause", {})
    with pytest.raises(NotFound, match="No run called 'nope'"):
        made.engine.post("nope", "pause", {})
    with pytest.raises(Refused, match="The event 'bogus' cannot be read"):
        made.engine.post(run, "bogus", {})


@every_driver
def test_a_step_whose_connector_is_not_here_goes_to_the_manual_queue(
    bench: Callable[..., Any], driver: str
) -> None:
    made = bench(driver, a_plan(service("a", binding=Binding(connector="fax"))))
    run, _ = made.engine.start("planted")
    made.settle()
    [task] = made.database.rows("select kind, reason from task where run = :run", {"run": run})
    assert (task["kind"], "there is no connector 'fax' here" in task["reason"]) == ("manual", True)


def test_runs_that_were_interrupted_go_on_where_they_were(
    bench: Callable[..., Any], until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrate.engine.engine.GRACE_S", 0.05)
    gate = Gate()
    body = Sequence(id="s", children=(service("a"), service("b", binding=Binding(connector="gate"))))
    made = bench("table", a_plan(body), gate=gate)
    run, _ = made.engine.start("planted")
    until(lambda: gate.asked)
    made.engine.stop()
    assert (made.run(run)["owner"], made.run(run)["due"]) == (None, 0.0)
    gate = Gate()
    gate.opened.set()
    again = bench("dbos", a_plan(body), gate=gate)
    until(lambda: again.run(run)["status"] == "done")
    assert made.stub.calls == [f"{run}:a:1"]
    assert again.stub.calls == []

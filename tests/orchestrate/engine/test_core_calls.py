"""Steps that call other plans, and steps done once for each item of a list, in the core alone."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrate.contracts import Binding, Each, Loop, Parallel, Retry, Sequence, Skip, Step
from orchestrate.core.effects import Alert, CloseTask, Completed, OpenTask, Refusal, StartRun, Tell
from orchestrate.core.events import (
    Called,
    Caller,
    Cancel,
    Decided,
    Failed,
    GoBack,
    Pause,
    Resume,
    Started,
    Succeeded,
    Tick,
)
from orchestrate.core.machine import outstanding
from orchestrate.core.progress import progress
from tests.orchestrate.engine.schedules import START, Schedule, a_plan, human, service
from tests.orchestrate.engine.test_core import no, ok, only, ready

HOUR = timedelta(hours=1)


def calling(name: str = "c", **fields: Any) -> Step:
    return Step(id=name, name=name.title(), does="plan", plan="child", **fields)


def a_run(body: Any, data: dict[str, Any] | None = None, **fields: Any) -> Schedule:
    return Schedule(a_plan(body, **fields), 0, data=data)


def call(run: Schedule, node: str = "c", visit: int = 1, attempt: int = 1) -> tuple[Any, ...]:
    return run.tell(Called(node=node, visit=visit, attempt=attempt, plan="child", version=3))


def test_a_call_starts_one_run_with_what_the_step_is_given() -> None:
    run = a_run(calling(input={"properties": {"amount": {}}}), {"amount": 7, "secret": 1})
    assert ready(run) == ["r:c:1#1"]
    caller = Caller(run="r", node="c", visit=1, attempt=1, depth=1)
    assert only(call(run), StartRun) == StartRun("r-1", "child", 3, {"amount": 7}, caller)
    assert ready(run) == []
    assert progress(run.index, run.known).waiting_for == ("run r-1",)
    assert call(run) == (Refusal("'c' has called already"),)


def test_what_a_called_run_wrote_comes_back_by_the_contract_and_with_its_outcome() -> None:
    contract = {"required": ["id"], "properties": {"id": {"type": "integer"}}}
    run = a_run(calling(output=contract, outcomes=("yes", "no")))
    call(run)
    effects = run.tell(ok("c", id=9, other=1, outcome="yes"))
    assert only(effects, Completed) == Completed("c", 1, START, "yes")
    assert (run.known["status"], run.known["data"]) == ("done", {"amount": 1, "id": 9})
    assert run.known["outcome"] == {"c": "yes"}


def test_a_called_run_that_breaks_the_contract_is_not_called_again_but_asked_about() -> None:
    run = a_run(calling(output={"required": ["id"], "properties": {"id": {}}}))
    call(run)
    effects = run.tell(ok("c", other=1))
    assert [e.kind for e in effects if isinstance(e, Alert)] == ["contract", "manual"]
    assert only(effects, OpenTask).kind == "manual"
    run.tell(Decided(task="r.1", outcome="retry", by="ada"))
    assert ready(run) == ["r:c:1#2"]
    assert only(call(run, attempt=2), StartRun).run == "r-2"


def test_a_called_run_that_was_cancelled_is_a_failure_for_the_manual_queue() -> None:
    run = a_run(calling())
    call(run)
    effects = run.tell(no("c", retryable=False))
    assert only(effects, OpenTask).kind == "manual"
    assert [e for e in effects if isinstance(e, Tell)] == []


def child(body: Any) -> Schedule:
    run = a_run(Skip(id="nothing"))
    run.index, run.state, run.journal = Schedule(a_plan(body), 0).index, None, []
    caller = Caller(run="p", node="c", visit=2, attempt=1, depth=1)
    run.tell(Started(run="p-1", data={"amount": 1}, caller=caller))
    return run


def test_a_run_that_was_called_tells_how_it_ended() -> None:
    run = child(Sequence(id="s", children=(human("h", outcomes=("yes", "no")), service("a"))))
    run.tell(Decided(task="p-1.1", outcome="no", by="ada"))
    told = only(run.tell(ok("a", id=4)), Tell)
    assert (told.run, told.kind) == ("p", "succeeded")
    assert told.payload["output"] == {"amount": 1, "id": 4, "outcome": "no"}
    assert Succeeded.model_validate(told.payload).attempt == 1
    run = child(service("a"))
    told = only(run.tell(Cancel(undo=False, reason="ordered twice")), Tell)
    assert (told.run, told.kind) == ("p", "failed")
    failure = Failed.model_validate(told.payload)
    assert (failure.error, failure.retryable) == ("its run p-1 was cancelled: ordered twice", False)


def test_a_run_whose_plan_does_nothing_answers_as_it_begins() -> None:
    assert only(tuple(child(Skip(id="k")).effects[-1:]), Tell).kind == "succeeded"


def test_cancelling_the_caller_cancels_the_called_and_waits_for_it_before_undoing_the_rest() -> None:
    paid = service("a", compensation=Binding(connector="undo"))
    run = a_run(Sequence(id="s", children=(paid, calling())))
    run.tell(ok("a"))
    call(run)
    told = only(run.tell(Cancel(by="ada", reason="no")), Tell)
    assert told == Tell("r-1", "cancel", {"undo": True, "by": "ada", "reason": "no"})
    assert (run.known["status"], ready(run)) == ("open", [])
    run.tell(no("c", retryable=False))
    assert ready(run) == ["r:a:1:undo#1"]
    run = a_run(calling())
    call(run)
    assert only(run.tell(Cancel(undo=False)), Tell).payload["undo"] is False
    assert run.known["status"] == "cancelled"


def test_pausing_and_resuming_reach_the_called_run_and_a_call_made_meanwhile_is_refused() -> None:
    run = a_run(Parallel(id="p", children=(calling(), calling("d"))))
    call(run)
    assert only(run.tell(Pause(by="ada")), Tell) == Tell("r-1", "pause", {"by": "ada"})
    assert call(run, "d") == (Refusal("the run is paused"),)
    assert only(run.tell(Resume(by="ada")), Tell).kind == "resume"
    assert ready(run) == ["r:d:1#1"]


@pytest.mark.parametrize("limit", ["timeout", "deadline"])
def test_a_called_run_past_a_limit_is_cancelled_and_its_late_answer_refused(limit: str) -> None:
    run = a_run(calling(**{limit: HOUR}, retry=Retry(attempts=1)))
    call(run)
    run.now += 3600
    effects = run.tell(Tick())
    assert only(effects, Tell).kind == "cancel"
    assert only(effects, OpenTask).kind == "manual"
    assert isinstance(run.tell(ok("c"))[0], Refusal)


def pay(**fields: Any) -> Step:
    each = {"of": "lines", "item": "line", **fields.pop("each", {})}
    return service("pay", each=Each.model_validate(each), **fields)


def test_a_list_is_worked_through_several_at_once_and_its_results_keep_their_order() -> None:
    contract = {"properties": {"line": {"type": "integer"}, "amount": {}}}
    run = a_run(pay(each={"at_once": 2}, input=contract), {"lines": [7, 8, 9], "amount": 1})
    found = {a.visit: (a.key, a.input) for a in outstanding(run.index, run.known)}
    assert found == {2: ("r:pay:2", {"line": 7, "amount": 1}), 3: ("r:pay:3", {"line": 8, "amount": 1})}
    assert only(run.tell(ok("pay", visit=3, paid="b")), Completed) == Completed("pay", 3, START, None)
    assert ready(run) == ["r:pay:2#1", "r:pay:4#1"]
    run.tell(ok("pay", visit=4, paid="c"))
    run.tell(ok("pay", visit=2, paid="a"))
    assert run.known["data"]["pay"] == [{"paid": "a"}, {"paid": "b"}, {"paid": "c"}]
    assert (run.known["status"], run.known["done"]) == ("done", {"pay": 1})


def test_an_empty_list_is_done_at_once() -> None:
    run = a_run(pay(each={"into": "paid"}), {"lines": []})
    assert (run.known["status"], run.known["data"]["paid"]) == ("done", [])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("a,b", "'lines' is str, not a list"),
        (None, "'lines' is not there"),
        ([1, 2, 3], "'lines' has 3 items; at most 2 may be worked through"),
    ],
)
def test_what_is_no_list_goes_to_the_manual_queue_with_the_reason(lines: Any, said: str) -> None:
    run = a_run(pay(each={"most": 2}), {"lines": lines})
    task = only(tuple(run.effects), OpenTask)
    assert (task.kind, task.reason, task.outcomes) == ("manual", said, ("retry", "cancel"))
    run.tell(Decided(task="r.1", outcome="retry", output={"lines": [5]}, by="ada"))
    assert [a.input["line"] for a in outstanding(run.index, run.known)] == [5]


def test_an_item_that_fails_comes_to_the_manual_queue_and_the_others_go_on() -> None:
    run = a_run(pay(each={"at_once": 1}), {"lines": [7, 8]})
    run.tell(no("pay", retryable=False).model_copy(update={"visit": 2}))
    task = run.effects[-1]
    assert isinstance(task, OpenTask)
    assert (task.kind, task.name, task.context["data"]["line"]) == ("manual", "Pay (1 of 2)", 7)
    assert ready(run) == []  # at most one is under way, and this one is, with a person
    run.tell(Decided(task=task.task, outcome="retry", output={"line": 70}, by="ada"))
    assert [(a.visit, a.attempt, a.input["line"]) for a in outstanding(run.index, run.known)] == [(2, 2, 70)]


@pytest.mark.parametrize(("stop", "left"), [(True, []), (False, ["r:pay:4#1"])])
def test_one_failure_stops_the_rest_where_the_plan_says_so(stop: bool, left: list[str]) -> None:
    run = a_run(pay(each={"at_once": 2, "stop": stop}), {"lines": [7, 8, 9, 10]})
    run.tell(no("pay", retryable=False).model_copy(update={"visit": 2}))
    run.tell(ok("pay", visit=3))
    assert ready(run) == left
    run.tell(Decided(task="r.1", outcome="done", output={"paid": 1}, by="ada"))
    assert ready(run) == ["r:pay:4#1", "r:pay:5#1"]


def test_people_get_a_task_for_each_item_and_their_outcomes_are_the_results() -> None:
    each = Each(of="lines", item="line")
    run = a_run(human("h", outcomes=("yes", "no"), each=each), {"lines": ["x", "y"]})
    names = [(e.task, e.name, e.context["data"]["line"]) for e in run.effects if isinstance(e, OpenTask)]
    assert names == [("r.1", "H (1 of 2)", "x"), ("r.2", "H (2 of 2)", "y")]
    assert isinstance(run.tell(Decided(node="h", outcome="yes", by="ada"))[0], Refusal)
    run.tell(Decided(task="r.2", outcome="no", by="ada"))
    run.tell(Decided(task="r.1", outcome="yes", output={"sum": 3}, by="bo"))
    assert run.known["data"]["h"] == [{"sum": 3, "outcome": "yes"}, {"outcome": "no"}]


def test_what_a_person_fills_in_for_an_item_is_held_to_the_contract() -> None:
    contract = {"required": ["sum"], "properties": {"sum": {"type": "integer"}}}
    run = a_run(human("h", output=contract, each=Each(of="lines")), {"lines": ["x"]})
    effects = run.tell(Decided(task="r.1", output={"sum": "three"}, by="ada"))
    assert [e.kind for e in effects if isinstance(e, Alert)] == ["contract", "manual"]
    assert run.known["status"] == "open"
    run.tell(Decided(task="r.2", output={"sum": 3}, by="ada"))
    assert run.known["data"]["h"] == [{"sum": 3, "outcome": "done"}]


def test_every_item_of_a_list_can_call_a_plan() -> None:
    run = a_run(calling(each=Each(of="lines", at_once=2)), {"lines": [1, 2]})
    started = [only(call(run, visit=visit), StartRun) for visit in (2, 3)]
    assert [(e.run, e.data["item"], e.caller.visit) for e in started] == [("r-1", 1, 2), ("r-2", 2, 3)]
    run.tell(Succeeded(node="c", visit=3, attempt=1, output={"x": "b"}))
    run.tell(Succeeded(node="c", visit=2, attempt=1, output={"x": "a"}))
    assert run.known["data"]["c"] == [{"x": "a"}, {"x": "b"}]


def test_a_list_in_a_loop_is_worked_through_anew_with_new_keys() -> None:
    loop = Loop(id="l", body=pay(), redo=Skip(id="k"), by="rule", again="odd", max_visits=2)
    run = a_run(loop, {"lines": [7]})
    run.tell(ok("pay", visit=2))
    assert ready(run) == ["r:pay:4#1"]


def test_going_back_leaves_items_under_way_and_undoes_those_done() -> None:
    undo = Binding(connector="undo")
    lines = pay(compensation=undo, each={"at_once": 2})
    run = a_run(Sequence(id="s", children=(lines, human("h"))), {"lines": [7, 8]})
    run.tell(ok("pay", visit=2, paid=1))
    run.tell(ok("pay", visit=3, paid=2))
    assert only(run.tell(GoBack(node="pay", undo=True, by="ada")), CloseTask).task == "r.1"
    undone = []
    while run.known["open"].get("!undo"):
        [attempt] = outstanding(run.index, run.known)
        undone.append((attempt.key, attempt.input["output"]))
        run.tell(Succeeded(node="!undo", visit=attempt.visit, attempt=1))
    assert undone == [("r:pay:3:undo", {"paid": 2}), ("r:pay:2:undo", {"paid": 1})]
    assert ready(run) == ["r:pay:5#1", "r:pay:6#1"]

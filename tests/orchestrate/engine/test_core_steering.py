"""Deadlines, due times and going back, in the core alone."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrate.contracts import Binding, Branch, Choice, Loop, Node, Parallel, Retry, Sequence, Skip, Sla
from orchestrate.core.effects import Alert, CloseTask, MoveTask, OpenTask, Refusal
from orchestrate.core.events import (
    Accepted,
    Cancel,
    Decided,
    Failed,
    GoBack,
    Pause,
    Reschedule,
    Resume,
    Succeeded,
    Tick,
)
from orchestrate.core.machine import next_due, outstanding, replay
from orchestrate.runs.story import story
from tests.orchestrate.engine.schedules import START, Schedule, a_plan, human, service
from tests.orchestrate.engine.test_core import no, ok, only, ready

HOUR = timedelta(hours=1)
UNDO = Binding(connector="undo")


def a_run(body: Node, **fields: Any) -> Schedule:
    return Schedule(a_plan(body, **fields), 0)


def test_a_deadline_counts_all_attempts_and_the_waits_between_them() -> None:
    retry = Retry(attempts=50, wait_initial=timedelta(minutes=20), wait_max=HOUR, wait_jitter=timedelta(0))
    run = a_run(service("a", deadline=HOUR, timeout=timedelta(minutes=50), retry=retry))
    run.tell(no("a"))
    run.now += 1200
    run.tell(Tick())
    run.tell(Accepted(node="a", visit=1, attempt=2))
    assert next_due(run.known) == START + 3600
    run.now = START + 3600
    task = only(run.tell(Tick()), OpenTask)
    assert (task.kind, task.context["errors"]) == ("manual", ["boom"])
    assert task.reason == "not done before its deadline, begun 2023-11-14 22:13 UTC"
    assert isinstance(run.tell(ok("a", attempt=2))[0], Refusal)
    run.tell(Decided(task="r.1", outcome="retry", by="ada"))
    assert next_due(run.known) == START + 7200


def test_a_person_has_until_the_deadline_as_well() -> None:
    run = a_run(human("h", deadline=HOUR))
    run.now += 3600
    effects = run.tell(Tick())
    assert (only(effects, CloseTask).task, only(effects, OpenTask).task) == ("r.1", "r.2")


def test_a_run_past_its_deadline_asks_whether_it_goes_on_and_goes_on_meanwhile() -> None:
    run = a_run(Sequence(id="s", children=(service("a"), human("h"))), deadline=HOUR)
    run.now += 3600
    effects = run.tell(Tick())
    alert, task = only(effects, Alert), only(effects, OpenTask)
    where = "the run is past its deadline; it is at 'A' since 2023-11-14 22:13 UTC (being done)"
    assert (alert.kind, alert.message) == ("deadline", where)
    assert (task.kind, task.role, task.outcomes, task.node) == ("manual", "operator", ("on", "cancel"), "")
    run.tell(ok("a"))
    run.tell(Decided(task=task.task, outcome="on", by="ada"))
    assert next_due(run.known) is None
    run.tell(Decided(node="h", by="ada"))
    assert run.known["status"] == "done"


def test_whoever_is_asked_may_cancel_it_and_a_run_that_ends_first_closes_the_question() -> None:
    run = a_run(service("a", compensation=UNDO), deadline=HOUR)
    run.now += 3600
    run.tell(Tick())
    assert only(run.tell(ok("a")), CloseTask).task == "r.1"
    run = a_run(Sequence(id="s", children=(service("a", compensation=UNDO), human("h"))), deadline=HOUR)
    run.tell(ok("a"))
    run.now += 3600
    run.tell(Tick())
    run.tell(Decided(task="r.2", outcome="cancel", by="ada"))
    assert ready(run) == ["r:a:1:undo#1"]


def test_a_plan_may_say_that_runs_past_their_deadline_are_cancelled() -> None:
    run = a_run(human("h"), deadline=HOUR, at_deadline="cancel", expected=timedelta(minutes=40))
    run.now += 3600
    effects = run.tell(Tick())
    assert [e.kind for e in effects if isinstance(e, Alert)] == ["deadline"]
    assert run.known["status"] == "cancelled"


def test_a_late_run_says_where_it_is_and_since_when() -> None:
    run = a_run(Parallel(id="p", children=(service("a"), human("h"))), expected=HOUR)
    run.tell(Accepted(node="a", visit=1, attempt=1))
    run.now += 7200
    [alert] = run.tell(Tick())
    assert isinstance(alert, Alert)
    assert alert.message == (
        "the run takes more than twice as long as expected; it is at 'A' since 2023-11-14 22:13 UTC"
        " (being answered), 'H' since 2023-11-14 22:13 UTC (with a person)"
    )


def test_a_task_and_a_run_are_due_when_somebody_says_so() -> None:
    run = a_run(human("h", sla=Sla(due=HOUR, remind=timedelta(minutes=50))), deadline=2 * HOUR)
    assert run.tell(Reschedule(task="r.1", due=START + 600)) == (MoveTask("r.1", START + 600),)
    assert next_due(run.known) == START + 600
    run.tell(Reschedule(due=START + 300))
    assert next_due(run.known) == START + 300
    run.tell(Reschedule(due=None))
    run.tell(Reschedule(task="r.1", due=None))
    assert next_due(run.known) is None
    refused = {
        "no task 'r.7' is open": Reschedule(task="r.7", due=START + 600),
        "the new due time, 2023-11-14 22:13 UTC, has passed already": Reschedule(task="r.1", due=START),
    }
    for reason, event in refused.items():
        assert run.tell(event) == (Refusal(reason),)


def test_a_new_deadline_takes_the_question_of_the_old_one_back() -> None:
    run = a_run(human("h"), deadline=HOUR)
    run.now += 3600
    run.tell(Tick())
    assert only(run.tell(Reschedule(due=run.now + 60)), CloseTask).task == "r.2"
    run.now += 60
    assert only(run.tell(Tick()), OpenTask).task == "r.3"


def test_an_open_task_without_an_sla_can_get_a_due_time_and_alerts_past_it() -> None:
    branches = tuple(Branch(name=name, share=0.5, body=Skip(id=name)) for name in ("x", "y"))
    run = a_run(Choice(id="c", by="person", question="Which?", branches=branches))
    run.tell(Reschedule(task="r.1", due=START + 60))
    run.now += 60
    [alert] = run.tell(Tick())
    assert isinstance(alert, Alert)
    assert alert.message == "a task is past its due time and there is nobody above"


def three(**fields: Any) -> Sequence:
    steps = tuple(service(name, compensation=UNDO, **fields) for name in ("a", "b"))
    return Sequence(id="s", children=(*steps, human("h")))


def test_going_back_does_a_step_and_all_after_it_again_with_corrected_data() -> None:
    run = a_run(three())
    run.tell(ok("a", x=1))
    run.tell(ok("b"))
    effects = run.tell(GoBack(node="a", data={"amount": 5}, by="ada", reason="wrong amount"))
    assert only(effects, CloseTask).task == "r.1"
    [attempt] = outstanding(run.index, run.known)
    assert (attempt.key, attempt.input) == ("r:a:2", {"amount": 5, "x": 1})
    run.tell(ok("a", visit=2))
    assert ready(run) == ["r:b:2#1"]
    undone = []  # cancelled now, everything that was done is undone, both times
    run.tell(Cancel())
    run.tell(Failed(node="b", visit=2, attempt=1, error="no", retryable=False))
    while run.known["status"] == "open":
        [attempt] = outstanding(run.index, run.known)
        undone.append(attempt.key)
        run.tell(Succeeded(node="!undo", visit=attempt.visit, attempt=1))
    assert undone == ["r:a:2:undo", "r:b:1:undo", "r:a:1:undo"]


def test_going_back_can_undo_first_what_was_done_since() -> None:
    run = a_run(Sequence(id="all", children=(service("z", compensation=UNDO), three())))
    for step in "zab":
        run.tell(ok(step))
    run.tell(GoBack(node="a", undo=True))
    assert isinstance(run.tell(GoBack(node="b"))[0], Refusal)
    for key in ("r:b:1:undo#1", "r:a:1:undo#1", "r:a:2#1"):
        assert ready(run) == [key]
        if key.endswith("undo#1"):
            [attempt] = outstanding(run.index, run.known)
            run.tell(Succeeded(node="!undo", visit=attempt.visit, attempt=1))
    assert [entry["node"] for entry in run.known["undo"]] == ["z"]


def test_cancelling_while_going_back_undoes_the_rest_as_well() -> None:
    run = a_run(three())
    run.tell(ok("a"))
    run.tell(ok("b"))
    run.tell(GoBack(node="a", undo=True))
    run.tell(Cancel())
    assert ready(run) == ["r:b:1:undo#1"]
    run.tell(Failed(node="!undo", visit=1, attempt=1, error="gone", retryable=False))
    run.tell(Decided(task="r.2", outcome="done", by="ada"))
    assert ready(run) == ["r:a:1:undo#1"]
    run.tell(Succeeded(node="!undo", visit=2, attempt=1))
    assert run.known["status"] == "cancelled"


def test_other_lanes_go_on_while_one_goes_back() -> None:
    lanes = tuple(
        Sequence(id=f"l{n}", children=(service(f"a{n}", compensation=UNDO), human(f"h{n}"))) for n in (1, 2)
    )
    run = a_run(Sequence(id="s", children=(Parallel(id="p", children=lanes), service("end"))))
    run.tell(ok("a1"))
    run.tell(ok("a2"))
    run.tell(GoBack(node="a1", undo=True))
    assert ready(run) == ["r:a1:1:undo#1"]
    run.tell(Decided(node="h2", by="ada"))
    run.tell(Succeeded(node="!undo", visit=1, attempt=1))
    run.tell(GoBack(node="h2"))  # its lane had ended, the block has not
    assert ready(run) == ["r:a1:2#1"]
    assert {"h2", "a1"} <= run.known["open"].keys()


def test_going_back_follows_the_way_that_was_taken() -> None:
    ways = {n: Sequence(id=n, children=(service(f"{n}1"), human(f"{n}2"))) for n in ("x", "y")}
    branches = tuple(Branch(name=name, share=0.5, body=body) for name, body in ways.items())
    choice = Choice(id="c", by="outcome", of="h", branches=branches)
    loop = Loop(id="l", body=service("w"), redo=Skip(id="k"), by="rule", again="false")
    both = Parallel(id="p", children=(service("u"), service("v")))
    body = Sequence(id="s", children=(human("h", outcomes=("x", "y")), choice, loop, both, human("last")))
    run = a_run(body)
    run.tell(Decided(node="h", outcome="x", by="ada"))
    assert run.tell(GoBack(node="w")) == (Refusal("'l' has not been reached"),)
    run.tell(ok("x1"))
    run.tell(Decided(node="x2", by="ada"))
    for step in "wuv":
        run.tell(ok(step))
    refused = {
        "y1": "the run did not take the way 'y' of 'c'",
        "w": "'l' has ended: go back to all of it, or to something before it",
        "u": "'p' has ended: go back to all of it, or to something before it",
        "k": "'k' is no step or block on the way",
        "nobody": "'nobody' is no step or block on the way",
    }
    for node, reason in refused.items():
        assert run.tell(GoBack(node=node)) == (Refusal(reason),)
    for node, key in {"p": "r:u:2#1", "l": "r:w:2#1", "x1": "r:x1:2#1"}.items():
        run.tell(GoBack(node=node))
        assert key in ready(run)
    assert run.known["open"]["c"]["took"] == "x"
    run.tell(GoBack(node="s"))
    assert [token["task"]["id"] for token in run.known["open"].values() if "task" in token] == ["r.4"]


def test_going_back_inside_a_loop_stays_in_its_pass() -> None:
    loop = Loop(id="l", body=human("h"), redo=human("fix"), by="person", max_visits=2)
    run = a_run(Sequence(id="s", children=(loop, human("end"))))
    assert run.tell(GoBack(node="fix")) == (Refusal("'fix' has not been reached"),)
    run.tell(Decided(node="h", by="ada"))
    assert only(run.tell(GoBack(node="h")), CloseTask).task == "r.2"
    run.tell(Decided(node="h", by="ada"))
    run.tell(Decided(node="l", outcome="again", by="ada"))
    run.tell(Decided(node="fix", by="ada"))
    run.tell(GoBack(node="fix"))
    run.tell(Decided(node="fix", by="ada"))
    assert run.known["open"]["l"]["passes"] == 2


@pytest.mark.parametrize("ended", ["done", "cancelling"])
def test_an_ended_run_takes_nothing_and_says_why(ended: str) -> None:
    run = a_run(Sequence(id="s", children=(service("a", compensation=UNDO), human("h"))))
    run.tell(ok("a"))
    run.tell(Decided(node="h", by="ada") if ended == "done" else Cancel())
    reason = "the run is done" if ended == "done" else "the run is being cancelled"
    for event in (GoBack(node="a"), Reschedule(due=START + 9e9)):
        assert run.tell(event) == (Refusal(reason),)


def test_a_pause_stops_the_deadline_and_takes_no_new_due_time() -> None:
    run = a_run(human("h"), deadline=HOUR)
    run.tell(Pause())
    assert "paused" in str(run.tell(Reschedule(due=START + 60)))
    run.now += 7200
    run.tell(Resume())
    assert next_due(run.known) == START + 3 * 3600


def test_the_story_tells_of_going_back_and_of_new_due_times() -> None:
    run = a_run(three())
    run.tell(ok("a"))
    run.tell(GoBack(node="a", by="ada", reason="wrong"))
    run.tell(Reschedule(due=START + 3600, by="bo"))
    assert replay(run.index, run.journal) == run.known
    rows = [{"kind": e.kind, "event": e.model_dump_json(), "at": at} for e, at in run.journal]
    words = [chapter.words for chapter in story(run.index, rows)]
    assert words[2:] == [("back to A, by ada: wrong",), ("the run is now due 2023-11-14 23:13, by bo",)]

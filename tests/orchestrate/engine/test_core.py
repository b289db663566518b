"""The core on plans written by hand: each test tells one story and asserts how it must go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrate.contracts import Binding, Branch, Choice, Loop, Parallel, Retry, Sequence, Skip, Sla, Step
from orchestrate.core.effects import (
    Alert,
    CloseTask,
    Completed,
    DoneTask,
    Effect,
    EscalateTask,
    OpenTask,
    Refusal,
    RemindTask,
)
from orchestrate.core.events import Accepted, Cancel, Decided, Failed, Pause, Resume, Succeeded, Tick
from orchestrate.core.machine import next_due, outstanding
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.progress import progress
from orchestrate.core.work import GIVEN_BYTES, backoff
from tests.orchestrate.engine.schedules import START, Schedule, a_plan, human, service

HOUR = timedelta(hours=1)


def told(body: Any, **fields: Any) -> Schedule:
    return Schedule(a_plan(body, **fields), 0)


def only(effects: tuple[Effect, ...], kind: type) -> Any:
    found = [effect for effect in effects if isinstance(effect, kind)]
    assert len(found) == 1, effects
    return found[0]


def ok(node: str, visit: int = 1, attempt: int = 1, **output: Any) -> Succeeded:
    return Succeeded(node=node, visit=visit, attempt=attempt, output=output)


def no(node: str, attempt: int = 1, **fields: Any) -> Failed:
    return Failed(node=node, visit=1, attempt=attempt, error="boom", **fields)


def ready(run: Schedule) -> list[str]:
    return [f"{a.key}#{a.attempt}" for a in outstanding(run.index, run.known)]


def test_a_sequence_runs_its_steps_in_order_and_collects_their_output() -> None:
    run = told(Sequence(id="s", children=(service("a"), service("b"))))
    assert ready(run) == ["r:a:1#1"]
    effects = run.tell(ok("a", total=7))
    assert only(effects, Completed) == Completed("a", 1, START, None)
    assert outstanding(run.index, run.known)[0].input == {"amount": 1, "total": 7}
    run.tell(ok("b"))
    assert (run.known["status"], run.known["done"]) == ("done", {"a": 1, "b": 1})


def test_branches_do_not_wait_for_each_other_and_do_not_see_each_other() -> None:
    lane = Sequence(id="q", children=(service("b"), service("c")))
    both = Parallel(id="p", children=(service("a"), lane))
    run = told(Sequence(id="s", children=(both, service("d"))))
    run.tell(ok("b", x="from b"))
    assert ready(run) == ["r:a:1#1", "r:c:1#1"]
    inputs = {a.node: a.input for a in outstanding(run.index, run.known)}
    assert inputs == {"a": {"amount": 1}, "c": {"amount": 1, "x": "from b"}}
    run.tell(ok("c"))
    run.tell(ok("a", x="from a"))
    # both wrote x: the later branch of the plan wins, whichever ended last
    assert outstanding(run.index, run.known)[0].input["x"] == "from b"


def test_a_failing_attempt_comes_again_later_each_time_and_then_a_person_gets_it() -> None:
    retry = Retry(attempts=3, wait_initial=timedelta(seconds=10), wait_jitter=timedelta(0))
    run = told(service("a", retry=retry))
    for attempt, wait in ((1, 10), (2, 20)):
        run.tell(no("a", attempt))
        assert (ready(run), next_due(run.known)) == ([], run.now + wait)
        run.now += wait
        run.tell(Tick())
        assert ready(run) == [f"r:a:1#{attempt + 1}"]
    effects = run.tell(no("a", 3))
    task = only(effects, OpenTask)
    assert (task.kind, task.role, task.outcomes) == ("manual", "operator", ("done", "retry", "cancel"))
    assert "after 3 attempts: boom" in task.reason
    assert task.context["errors"] == ["boom", "boom", "boom"]
    assert only(effects, Alert).kind == "manual"


def test_the_manual_queue_can_correct_and_retry_do_it_by_hand_or_give_up() -> None:
    for outcome, status in (("retry", "open"), ("done", "done"), ("cancel", "cancelled")):
        run = told(service("a"))
        run.tell(no("a", retryable=False))
        run.tell(Decided(task="r.1", outcome=outcome, output={"amount": 2}, by="ada"))
        assert run.known["status"] == status
        if outcome == "retry":
            [attempt] = outstanding(run.index, run.known)
            assert (attempt.key, attempt.attempt, attempt.input) == ("r:a:1", 2, {"amount": 2})


def test_jitter_is_drawn_from_the_key_and_stays_within_bounds() -> None:
    retry = Retry(wait_initial=timedelta(seconds=2), wait_max=timedelta(seconds=30))
    waits = [backoff(retry, 3, f"run-{n}:a:1:3") for n in range(200)]
    assert backoff(retry, 3, "run-7:a:1:3") == waits[7]
    assert 8 <= min(waits) < 8.1 < 8.9 < max(waits) <= 9
    assert backoff(retry, 40, "x") <= 31


def test_a_success_that_breaks_the_output_contract_is_a_failure_and_raises_an_alert() -> None:
    contract = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    run = told(service("a", output=contract, retry=Retry(attempts=1)))
    effects = run.tell(ok("a", id="seven"))
    assert [e.kind for e in effects if isinstance(e, Alert)] == ["contract", "manual"]
    assert "'seven' is not of type 'integer'" in only(effects, OpenTask).reason
    assert not run.known["done"]


def test_a_step_whose_input_breaks_its_contract_is_not_attempted() -> None:
    contract = {"required": ["iban"], "properties": {"iban": {"type": "string"}, "amount": {}}}
    run = told(service("a", input=contract))
    assert ready(run) == []
    assert "'iban' is a required property" in only(tuple(run.effects), OpenTask).reason
    run.tell(Decided(task="r.1", outcome="retry", output={"iban": "DE1"}, by="ada"))
    assert outstanding(run.index, run.known)[0].input == {"iban": "DE1", "amount": 1}


def test_a_step_that_would_be_given_too_much_is_not_attempted() -> None:
    """A loop around a sub-plan that is given all and gives all back would grow a run for ever."""
    named = {"properties": {"amount": {}}}
    run = told(Sequence(id="s", children=(service("a"), service("b"), service("c", input=named))))
    run.tell(ok("a", text="x" * GIVEN_BYTES))
    assert ready(run) == []
    assert "more than 1 MB: name what it needs" in only(tuple(run.effects), OpenTask).reason
    run.tell(Decided(task="r.1", outcome="retry", output={"text": "short"}, by="ada"))
    run.tell(ok("b", attempt=2, text="x" * GIVEN_BYTES))
    assert ready(run) == ["r:c:1#1"]


def test_an_approval_is_reminded_then_escalated_along_its_chain_and_the_last_keeps_it() -> None:
    sla = Sla(due=HOUR, remind=timedelta(minutes=45), escalate=("lead", "person:Grace"))
    run = told(human("h", role="clerk", outcomes=("approve", "reject"), sla=sla))
    task = only(tuple(run.effects), OpenTask)
    assert (task.role, task.due) == ("clerk", START + 3600)
    expected = [
        (45 * 60, RemindTask("r.1")),
        (3600, EscalateTask("r.1", 1, "lead", None, START + 7200)),
        (7200, EscalateTask("r.1", 2, None, "Grace", None)),
    ]
    for after, effect in expected:
        assert next_due(run.known) == START + after
        run.now = START + after
        assert run.tell(Tick()) == (effect,)
    assert next_due(run.known) is None
    effects = run.tell(Decided(task="r.1", outcome="approve", by="Grace"))
    assert only(effects, DoneTask).by == "Grace"
    assert run.known["outcome"] == {"h": "approve"}


def test_a_task_nobody_does_in_time_goes_to_the_manual_queue_and_its_late_answer_is_refused() -> None:
    run = told(human("h", timeout=HOUR))
    run.now += 3600
    effects = run.tell(Tick())
    assert only(effects, CloseTask).task == "r.1"
    assert only(effects, OpenTask).kind == "manual"
    assert isinstance(run.tell(Decided(task="r.1", by="ada"))[0], Refusal)
    assert progress(run.index, run.known).waiting_for == ("r.2",)


def test_an_outcome_that_was_not_offered_is_refused_by_name() -> None:
    run = told(human("h", outcomes=("approve", "reject")))
    [refusal] = run.tell(Decided(task="r.1", outcome="maybe", by="ada"))
    assert refusal == Refusal("'maybe' is none of approve, reject")


def by_outcome(**fields: Any) -> Sequence:
    approve = human("h", outcomes=("approve", "reject"))
    branches = (
        Branch(name="approve", share=0.9, body=service("pay")),
        Branch(name="other", share=0.1, body=Skip(id="nothing")),
    )
    return Sequence(
        id="s", children=(approve, Choice(id="c", by="outcome", of="h", branches=branches, **fields))
    )


def test_a_choice_by_outcome_takes_the_branch_of_that_name_else_otherwise_else_a_person() -> None:
    run = told(by_outcome())
    run.tell(Decided(task="r.1", outcome="approve", by="ada"))
    assert (ready(run), run.known["took"]) == (["r:pay:1#1"], {"c": "approve"})
    run = told(by_outcome(otherwise="other"))
    run.tell(Decided(task="r.1", outcome="reject", by="ada"))
    assert run.known["status"] == "done"
    run = told(by_outcome())
    task = only(run.tell(Decided(task="r.1", outcome="reject", by="ada")), OpenTask)
    assert (task.kind, task.outcomes) == ("manual", ("approve", "other", "cancel"))
    run.tell(Decided(task="r.2", outcome="other", by="bo"))
    assert run.known["status"] == "done"


def test_of_several_steps_the_one_done_last_decides() -> None:
    first, second = (human(name, outcomes=("go", "pay", "stop")) for name in ("h", "i"))
    optional = Choice(
        id="o",
        by="outcome",
        of="h",
        branches=(
            Branch(name="go", share=0.5, body=second),
            Branch(name="skip", share=0.5, outcomes=("pay", "stop"), body=Skip(id="k")),
        ),
    )
    last = Choice(
        id="c",
        by="outcome",
        of=("h", "i"),
        branches=(
            Branch(name="pay", share=0.5, body=service("a")),
            Branch(name="skip", share=0.5, outcomes=("stop",), body=Skip(id="n")),
        ),
    )
    body = Sequence(id="s", children=(first, optional, last))
    run = told(body)
    run.tell(Decided(task="r.1", outcome="pay", by="ada"))
    assert ready(run) == ["r:a:1#1"]
    run = told(body)
    run.tell(Decided(task="r.1", outcome="go", by="ada"))
    run.tell(Decided(task="r.2", outcome="stop", by="bo"))
    assert (run.known["status"], run.known["took"]) == ("done", {"o": "go", "c": "skip"})


def test_a_connector_says_the_outcome_in_its_output() -> None:
    bound = service("h", outcomes=("approve", "reject"))
    body = by_outcome()
    run = told(body.model_copy(update={"children": (bound, *body.children[1:])}))
    run.tell(ok("h", outcome="approve"))
    assert (ready(run), run.known["outcome"]) == (["r:pay:1#1"], {"h": "approve"})


def test_a_person_chooses_among_branches_with_their_shares_on_the_table() -> None:
    branches = (
        Branch(name="fast", share=0.7, body=service("a")),
        Branch(name="slow", share=0.3, body=service("b")),
    )
    run = told(Choice(id="c", by="person", role="clerk", question="Which way?", branches=branches))
    task = only(tuple(run.effects), OpenTask)
    assert (task.name, task.role, task.outcomes) == ("Which way?", "clerk", ("fast", "slow"))
    assert task.context["shares"] == {"fast": 0.7, "slow": 0.3}
    run.tell(Decided(node="c", outcome="slow", by="ada"))
    assert ready(run) == ["r:b:1#1"]


def test_a_loop_that_wants_more_passes_than_it_may_have_asks_a_person() -> None:
    loop = Loop(id="l", body=service("a"), redo=service("fix"), by="rule", again="true", max_visits=2)
    run = told(loop)
    run.tell(ok("a"))
    run.tell(ok("fix"))
    task = only(run.tell(ok("a", visit=2)), OpenTask)
    assert (task.kind, task.outcomes, task.context["passes"]) == ("manual", ("again", "on", "cancel"), 2)
    run.tell(Decided(task=task.task, outcome="on", by="ada"))
    assert (run.known["status"], run.known["done"]) == ("done", {"a": 2, "fix": 1})


def test_who_decides_on_another_pass_meets_the_manual_queue_only_past_the_limit() -> None:
    loop = Loop(id="l", body=service("a"), redo=Skip(id="back"), by="person", max_visits=2)
    run = told(loop)
    run.tell(ok("a"))
    run.tell(Decided(node="l", outcome="again", by="ada"))
    task = only(run.tell(ok("a", visit=2)), OpenTask)
    assert (task.kind, task.outcomes) == ("loop", ("again", "on"))
    task = only(run.tell(Decided(node="l", outcome="again", by="ada")), OpenTask)
    assert (task.kind, task.outcomes) == ("manual", ("again", "on", "cancel"))
    run.tell(Decided(task=task.task, outcome="again", by="bo"))
    assert ready(run) == ["r:a:3#1"]


def test_cancelling_waits_for_what_is_under_way_and_undoes_last_first() -> None:
    undo = Binding(connector="undo")
    steps = tuple(service(name, compensation=undo) for name in ("a", "b", "c"))
    run = told(Sequence(id="s", children=steps))
    run.tell(ok("a"))
    run.tell(ok("b", room=12))
    run.tell(Cancel(by="ada"))
    assert ready(run) == ["r:c:1#1"]
    run.tell(no("c", retryable=False))
    undone = []
    while run.known["status"] == "open":
        [attempt] = outstanding(run.index, run.known)
        undone.append((attempt.key, attempt.input["output"]))
        run.tell(Succeeded(node=attempt.node, visit=attempt.visit, attempt=attempt.attempt))
    assert undone == [("r:b:1:undo", {"room": 12}), ("r:a:1:undo", {})]
    assert run.known["status"] == "cancelled"


def later(run: Schedule, seconds: float) -> None:
    run.now += seconds
    run.tell(Tick())


def attempt_lost(run: Schedule) -> None:
    run.tell(no("a"))


def attempts_used_up(run: Schedule) -> None:
    run.tell(no("a"))
    later(run, HOUR.total_seconds())
    run.tell(no("a", attempt=2))


def taken_over_and_never_answered(run: Schedule) -> None:
    run.tell(Accepted(node="a", visit=1, attempt=1, within_s=60))
    later(run, 60)


def past_its_deadline(run: Schedule) -> None:
    later(run, 10 * HOUR.total_seconds())


def refused(run: Schedule) -> None:
    run.tell(no("a", retryable=False))


@pytest.mark.parametrize(
    ("happens", "undone"),
    [
        (attempt_lost, True),
        (attempts_used_up, True),
        (taken_over_and_never_answered, True),
        (past_its_deadline, True),
        (refused, False),
    ],
)
def test_what_may_be_done_since_no_answer_came_is_undone_too(
    happens: Callable[[Schedule], None], undone: bool
) -> None:
    fields = {"compensation": Binding(connector="undo"), "deadline": 9 * HOUR, "retry": Retry(attempts=2)}
    run = told(Sequence(id="s", children=(service("a", **fields), human("b"))))
    happens(run)
    run.tell(Cancel())
    assert [attempt.key for attempt in outstanding(run.index, run.known)] == ["r:a:1:undo"] * undone


def test_an_attempt_that_is_lost_while_its_run_is_being_cancelled_is_undone() -> None:
    run = told(service("a", compensation=Binding(connector="undo")))
    run.tell(Cancel())
    run.tell(no("a"))
    assert [attempt.key for attempt in outstanding(run.index, run.known)] == ["r:a:1:undo"]


def test_a_compensation_that_keeps_failing_is_given_to_a_person() -> None:
    run = told(Sequence(id="s", children=(service("a", compensation=Binding(connector="undo")), human("h"))))
    run.tell(ok("a"))
    assert only(run.tell(Cancel()), CloseTask).task == "r.1"
    effects = run.tell(Failed(node="!undo", visit=1, attempt=1, error="gone", retryable=False))
    task = only(effects, OpenTask)
    assert (task.outcomes, task.reason) == (("done", "retry"), "undoing 'A' failed: gone")
    run.tell(Decided(task=task.task, outcome="done", by="ada"))
    assert run.known["status"] == "cancelled"


def test_accepted_work_waits_for_its_result_and_times_out_without() -> None:
    run = told(service("a", timeout=HOUR))
    run.tell(Accepted(node="a", visit=1, attempt=1))
    assert (ready(run), next_due(run.known)) == ([], START + 3600)
    assert progress(run.index, run.known).waiting_for == ("accepted a",)
    run.now += 3600
    run.tell(Tick())
    assert run.known["open"]["a"]["phase"] == "retry"
    assert isinstance(run.tell(ok("a"))[0], Refusal)


def test_a_pause_begins_nothing_and_stops_every_clock() -> None:
    run = told(Parallel(id="p", children=(service("a"), human("h", sla=Sla(due=HOUR)))))
    run.tell(Pause(by="ada"))
    assert (ready(run), next_due(run.known)) == ([], None)
    run.now += 5 * 3600
    assert isinstance(run.tell(Tick())[0], Refusal)
    run.tell(Resume(by="ada"))
    assert (ready(run), next_due(run.known)) == (["r:a:1#1"], START + 6 * 3600)


def test_a_late_run_and_a_late_step_alert_once_each() -> None:
    run = told(human("h", expected=HOUR), expected=timedelta(hours=2))
    run.now += 100 * 3600
    alerts = run.tell(Tick())
    assert [(e.kind, e.node) for e in alerts if isinstance(e, Alert)] == [("late", "h"), ("late", "")]
    assert isinstance(run.tell(Tick())[0], Refusal)


def test_side_steps_may_be_done_any_number_of_times_and_are_never_awaited() -> None:
    run = told(service("a"), side=(human("note"),))
    run.tell(Decided(node="note", by="ada"))
    run.tell(Decided(node="note", by="bo"))
    assert run.known["done"] == {"note": 2}
    effects = run.tell(ok("a"))
    assert only(effects, CloseTask).task == "r.3"
    assert run.known["status"] == "done"


def test_progress_counts_the_way_taken_and_the_longest_way_while_that_is_open() -> None:
    branches = (
        Branch(
            name="long", share=0.5, when="odd", body=Sequence(id="q", children=(service("b"), service("c")))
        ),
        Branch(name="short", share=0.5, body=Skip(id="k")),
    )
    body = Sequence(
        id="s",
        children=(service("a"), Choice(id="c1", by="outcome", of="h", branches=branches, otherwise="short")),
    )
    run = told(Sequence(id="all", children=(human("h", outcomes=("long", "none")), body)))
    assert (progress(run.index, run.known).done, progress(run.index, run.known).total) == (0, 4)
    run.tell(Decided(node="h", outcome="none", by="ada"))
    assert progress(run.index, run.known).steps == ("A",)
    run.tell(ok("a"))
    assert (progress(run.index, run.known).done, progress(run.index, run.known).total) == (2, 2)


def test_two_nodes_of_one_id_are_refused() -> None:
    import pytest

    from home.errors import Refused

    twice = a_plan(Sequence(id="s", children=(Step(id="a", name="A"), Step(id="a", name="B"))))
    with pytest.raises(Refused, match="'a' is used twice"):
        PlanIndex(twice, lambda _: lambda _: True)

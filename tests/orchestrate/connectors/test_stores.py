"""What connectors keep, on both databases: notifications, scores, waits, events, the key that signs."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from home.context import Context
from home.contracts import Nothing
from home.erasure import Replacement
from orchestrate.awaiting import store
from orchestrate.awaiting.acknowledge import NotificationsRequest, notifications
from orchestrate.awaiting.store import Wait
from orchestrate.awaiting.tokens import read_token, signed
from orchestrate.connectors.notify import sent
from orchestrate.connectors.port import Work
from orchestrate.models import scores
from orchestrate.models.commands import ModelRequest, ResetRequest, list_models, reset, show
from orchestrate.records.forgotten import erase_case, erase_person, own_tables, runs_with

from .attempts import work

HERE = "amqp://127.0.0.1/?queue=q"
RUN = (
    "insert into run(id, plan, version, state, started, head) values (:run, 'orders', 1, :state, 0, 0)"
    " on conflict do nothing"
)


@pytest.fixture
def context(make_context: Callable[..., Context], database_url: str) -> Context:
    return make_context(database_url=database_url)


def waiting_run(context: Context, run: str) -> None:
    token = {"visit": 1, "attempt": 1, "phase": "accepted"}
    context.state.execute(RUN, {"run": run, "state": json.dumps({"open": {"a": token}})})


def test_notifications(context: Context) -> None:
    state, one = context.state, work("r1:a:1")
    now = context.clock.now().timestamp()
    assert sent.begin(state, one, ["E-Mail", "Slack"], now).parts == frozenset()
    sent.took(state, one.key, 1)
    assert sent.begin(state, one, ["E-Mail", "Slack"], now) == sent.Notification(frozenset({1}), False, False)
    sent.finish(state, one.key, now, now - 1)
    for number, expected in enumerate((now - 5, now + 60, None), start=2):
        other = work(f"r{number}:a:1")
        sent.begin(state, other, ["E-Mail", "Slack"], now)
        sent.finish(state, other.key, now, expected)
    (row,) = notifications(context, NotificationsRequest(plan="orders")).rows
    assert (row.plan, row.sent, row.asked, row.ignored, row.waiting) == ("orders", 4, 2, 2, 1)
    assert row.interval[0] > 0.3
    assert notifications(context, NotificationsRequest(plan="other")).rows == []
    again = sent.begin(state, replace(one, attempt=2), ["E-Mail", "Slack"], now)
    assert (again.sent, again.parts) == (False, frozenset())  # ignored: a new attempt sends it anew


def test_scores_and_trust(context: Context) -> None:
    state = context.state
    for number in range(25):
        one = work(f"r{number}:a:1")
        facts = {"model": "m", "version": "1", "at": 1.0, "label": "yes", "confidence": 0.99}
        scores.keep(state, one, {**facts, "band": "accept", "went": "blind"}, {"label": "yes"})
        state.execute(
            "insert into task(id, run, plan, version, node, visit, kind, name, opened, outcomes, context,"
            " status, outcome, decided_by, decided_at) values (:task, :run, 'p', 1, 'a', 1, 'step', 'A', 0,"
            " '[]', '{}', 'done', :outcome, 'ada', :at)",
            {"task": f"t{number}", "run": one.run, "outcome": "no" if number > 4 else "yes", "at": number},
        )
    trust = scores.trust_in(state, "m", "1")
    assert (trust.trusted, trust.asked, sum(trust.agreed)) == (True, 25, 5)
    assert list(trust.agreed) == [True] * 5 + [False] * 20  # the newest last
    looked = scores.look(state, trust, "m", "1", 0.9, work("r9:a:1"), 50.0)
    assert not looked.trusted
    assert not list_models(context, Nothing()).rows[0].trusted
    assert show(context, ModelRequest(model="m")).bands[0].agreed == 5
    assert reset(context, ResetRequest(model="m", reason="checked")).rows[0].trusted
    assert scores.trust_in(state, "m", "1").agreed == []


def test_whoever_is_first_the_event_and_the_step_that_waits_for_it_meet(context: Context) -> None:
    """Both at the same moment, many times: never lost, never told twice."""
    for number in range(12):
        run = f"run-{number}"
        waiting_run(context, run)
        found = _at_once(context, replace(work("r:a:1"), run=run), number)
        posted = context.state.rows("select payload from inbox where run = :run", {"run": run})
        assert len(posted) + ({"order": number} in found) == 1, (number, found, posted)
    assert store.addresses(context.state) == []
    store.forget(context.state, 1.0)
    assert context.state.rows("select * from heard_value") == []


def _at_once(context: Context, one: Work, number: int) -> list[object]:
    found: list[object] = []
    asked = Wait(HERE, None, "data.order", number, None)
    payload = json.dumps({"specversion": "1.0", "data": {"order": number}})

    def wait() -> None:
        found.append(store.wait(context.state, one, asked, 0.0))

    def hear() -> None:
        found.append(store.hear(context.state, HERE, payload, "/s", str(number), 0.0))

    both = [threading.Thread(target=wait), threading.Thread(target=hear)]
    for thread in both[:: 1 if number % 2 else -1]:
        thread.start()
    for thread in both:
        thread.join()
    return found


def test_everybody_signs_with_one_key(context: Context) -> None:
    tokens: list[str] = []
    threads = [threading.Thread(target=lambda: tokens.append(signed(context, "a", 1))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 1
    assert read_token(context, "a", tokens[0]) == [1]


def test_what_is_forgotten_is_forgotten_here_too(context: Context) -> None:
    """A case with its run, and a person by name; the runs of others stay."""
    state, now = context.state, context.clock.now()
    for number, who in enumerate(("Ada Lovelace", "bob")):
        run = f"run-{number}"
        waiting_run(context, run)
        one = replace(work("r:a:1"), run=run, key=f"{run}:a:1")
        sent.begin(state, one, ["E-Mail"], 1.0)
        state.execute(
            "update notification set acknowledged_by = :who where run = :run", {"who": who, "run": run}
        )
        facts = {"model": "m", "version": "1", "at": 1.0, "label": "yes", "confidence": 0.9}
        scores.keep(state, one, {**facts, "band": "ask", "went": "ask"}, {"about": who})
        store.wait(state, one, Wait(HERE, None, "data.who", f"nobody {number}", None), 0.0)
        event = {"specversion": "1.0", "data": {"who": who, "case": f"C-{number}"}}
        store.hear(state, HERE, json.dumps(event), "/s", f"e{number}", 0.0)
    ada = Replacement("Ada Lovelace", "someone-1")
    assert set(runs_with(state, ada)) == {"run-0"}
    erase_person(state, ada, at=now, actor="bob")
    left = json.dumps(
        [state.rows(f"select * from {table}") for table in sorted(own_tables() - {"signing_key"})]
    )
    assert "Ada Lovelace" not in left and "someone-1" in left and '"bob"' in left
    erase_case(state, "C-0", ["run-0"], None, at=now, actor="bob")
    for table in ("notification", "model_score", "awaited", "heard"):
        assert state.rows(f"select count(*) as n from {table}")[0]["n"] == 1, table

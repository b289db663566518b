"""Notifications: filled safely, sent once, acknowledged by a link or noticed as ignored."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.clock import SettableClock
from home.context import Context
from orchestrate.awaiting.acknowledge import (
    AcknowledgeRequest,
    NotificationsRequest,
    acknowledge,
    notifications,
    page,
    shown,
)
from orchestrate.awaiting.tokens import BadToken
from orchestrate.connectors.notify.connector import NotifyConnector, NotifyOptions
from orchestrate.connectors.notify.template import BadTemplate, filled, places
from orchestrate.connectors.options import BadSettings, read_options
from orchestrate.connectors.port import CallFailed, Later
from orchestrate.contracts import Binding, Owner, Plan, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver

from .attempts import call, work
from .smtp import Mail, mail_server, text_of

STEP = Step(id="a", name="Tell the customer")
WAITING = {"acknowledge_s": 3600, "escalate": "boss"}


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    with mail_server() as server:
        monkeypatch.setenv("MAIL", server.address())
        monkeypatch.setenv("BOSS", server.address("boss@example.org"))
        monkeypatch.setenv("NOBODY", server.address("nobody@example.org"))
        yield server


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context()


def tell(context: Context, given: dict[str, Any], key: str = "r:a:1", **options: Any) -> Any:
    options = {
        "to": "env:MAIL",
        "title": "Order {order.id}",
        "body": "Dear {name}, {order.id} is here.",
        **options,
    }
    return call(NotifyConnector(context), work(key, given, step=STEP, **options))


def test_a_mail_says_what_the_template_and_the_data_say(context: Context, mail: Mail) -> None:
    assert tell(context, {"name": "Ada {name} {0}", "order": {"id": 17}}) == {"notified": 1}
    (sent,) = mail.mails
    assert sent["Subject"] == "Order 17"
    assert text_of(sent).strip() == "Dear Ada {name} {0}, 17 is here."
    assert sent["X-Baton-Key"] == "r:a:1"


def test_data_adds_no_header(context: Context, mail: Mail) -> None:
    tell(context, {"name": "x", "order": {"id": "1\r\nBcc: all@example.org"}})
    assert mail.mails[0]["Bcc"] is None
    assert mail.mails[0]["Subject"] == "Order 1 Bcc: all@example.org"


def test_it_is_sent_once_however_often_the_attempt_is_made(context: Context, mail: Mail) -> None:
    given = {"name": "Ada", "order": {"id": 17}}
    for _ in range(3):
        tell(context, given)
    tell(context, given, key="r:a:2")
    assert len(mail.mails) == 2


def test_only_the_service_that_failed_is_tried_again(
    context: Context, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"name": "Ada", "order": {"id": 17}}
    with pytest.raises(CallFailed, match="did not take the message") as failed:
        tell(context, given, to=["env:MAIL", "env:NOBODY"])
    assert failed.value.can_retry
    mail.refusing = "no such address"
    assert tell(context, given, to=["env:MAIL", "env:NOBODY"]) == {"notified": 2}
    assert [sent["To"] for sent in mail.mails] == ["clerk@example.org", "nobody@example.org"]


def test_a_text_that_wants_what_is_not_there_fails_for_good(context: Context, mail: Mail) -> None:
    with pytest.raises(CallFailed, match=r"wants 'order.id'") as failed:
        tell(context, {"name": "Ada"})
    assert not failed.value.can_retry
    assert mail.mails == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "mailto://u:hunter2@example.org"},
        {"to": []},
        {"body": "{0.__class__}!{}"},
        {"body": "{a b}"},
        {"body": "}"},
        {"acknowledge_s": 0},
    ],
)
def test_what_cannot_be_sent_is_refused_when_it_is_bound(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as refused:
        read_options("notify", NotifyOptions, {"to": "env:MAIL", "body": "x", **wrong})
    assert "hunter2" not in refused.value.message


@given(value=st.text(max_size=30), name=st.from_regex(r"[a-z]{1,8}", fullmatch=True))
@settings(max_examples=30)
def test_a_value_stands_in_the_text_as_it_is_and_is_never_read_as_a_template(value: str, name: str) -> None:
    text = filled(f"<{{{name}}}>", {name: value})
    assert (
        text
        == "<"
        + "".join(c if c.isprintable() or c in "\n\t" else " " for c in value.replace("\r\n", "\n"))
        + ">"
    )
    assert "\n" not in filled(f"{{{name}}}", {name: value}, one_line=True)


def test_braces_are_written_twice_and_paths_reach_into_lists() -> None:
    assert filled("{{x}} {a.1.b} {n} {none}", {"a": [0, {"b": "c"}], "n": 1.5, "none": None}) == "{x} c 1.5 –"
    assert places("{a.b} {{c}}") == {"a.b"}
    with pytest.raises(BadTemplate):
        places("{a.}")


class Flow:
    """A plan of one notification, driven in simulated time."""

    def __init__(self, context: Context, clock: SettableClock, **options: Any) -> None:
        settings_ = {"to": "env:MAIL", "title": "Read this", "body": "It is {link}", **WAITING, **options}
        step = Step(
            id="tell", name="Tell", does="notify", binding=Binding(connector="notify", settings=settings_)
        )
        plan = Plan(name="notices", owner=Owner(name="ada"), body=step)
        connector = NotifyConnector(context)
        self.clock, self.context = clock, context
        self.engine = Engine(
            context.state,
            {"notify": connector},
            driver=MemoryDriver(clock),
            clock=clock,
            load=lambda name, version: (plan, 1),
        )
        self.run, _ = self.engine.start("notices")
        self.go()

    def go(self, **later: float) -> str:
        self.clock.advance(timedelta(**later))
        self.engine.run_until_idle(self.clock.now())
        row = self.context.state.row("select status from run where id = :run", {"run": self.run})
        assert row is not None
        return str(row["status"])

    def tasks(self) -> list[dict[str, Any]]:
        return self.context.state.rows("select * from task where status = 'open'")


@pytest.fixture
def flow(context: Context, clock: SettableClock, mail: Mail) -> Iterator[Flow]:
    made = Flow(context, clock)
    yield made
    made.engine.stop()


def token_of(mail: Mail, number: int = -1) -> str:
    return text_of(mail.mails[number]).split()[-1].rpartition("/")[2]


def test_the_link_ends_the_step_once_and_looking_at_it_does_not(flow: Flow, mail: Mail) -> None:
    assert flow.go(minutes=30) == "open"
    token = token_of(mail)
    assert "https://baton.test/api/acknowledge/" in text_of(mail.mails[0])
    assert not shown(flow.context, token).acknowledged
    assert "<form method=post>" in page(shown(flow.context, token))
    first = acknowledge(flow.context, AcknowledgeRequest(token=token, by="ada"))
    again = acknowledge(flow.context, AcknowledgeRequest(token=token, by="bob"))
    assert (first.again, first.late, again.again) == (False, False, True)
    assert flow.go() == "done"
    (row,) = notifications(flow.context, NotificationsRequest()).rows
    assert (row.sent, row.asked, row.acknowledged, row.ignored, row.waiting) == (1, 1, 1, 0, 0)


def test_an_ignored_message_raises_an_alert_and_asks_the_role_above(flow: Flow, mail: Mail) -> None:
    flow.go(minutes=61)
    (task,) = flow.tasks()
    assert (task["role"], task["kind"]) == ("boss", "manual")
    assert task["reason"] == "nobody acknowledged 'Read this' in time"
    (alert,) = flow.context.state.rows("select * from alert")
    assert "nobody acknowledged" in alert["message"]
    (row,) = notifications(flow.context, NotificationsRequest()).rows
    assert (row.ignored, row.ignored_share) == (1, 1.0)
    late = acknowledge(flow.context, AcknowledgeRequest(token=token_of(mail)))
    assert late.late
    assert "somebody else has been asked" in page(late)


def test_whoever_is_asked_may_have_it_sent_again(flow: Flow, mail: Mail) -> None:
    flow.go(minutes=61)
    flow.engine.post(flow.run, "decided", {"task": flow.tasks()[0]["id"], "outcome": "retry", "by": "boss"})
    flow.go()
    assert len(mail.mails) == 2
    acknowledge(flow.context, AcknowledgeRequest(token=token_of(mail)))
    assert flow.go() == "done"


def test_a_link_that_was_changed_or_is_of_elsewhere_does_nothing(flow: Flow, mail: Mail) -> None:
    token = token_of(mail)
    body, _, mac = token.partition(".")
    for wrong in (token[:-2], f"{body}x.{mac}", body, "", "a.b", "ä.ö", token * 20):
        with pytest.raises(BadToken):
            acknowledge(flow.context, AcknowledgeRequest(token=wrong))
    from orchestrate.awaiting.callbacks import CallbackRequest, callback

    with pytest.raises(BadToken):  # a token is good for what it was made for
        callback(flow.context, CallbackRequest(token=token, body="{}"))
    assert flow.go() == "open"


def test_where_nobody_says_where_this_service_is_no_link_can_be_sent(
    make_context: Callable[..., Context], mail: Mail
) -> None:
    with pytest.raises(CallFailed, match="public_url") as failed:
        tell(make_context(public_url=""), {"name": "x", "order": {"id": 1}}, acknowledge_s=5)
    assert not failed.value.can_retry


def test_a_message_that_needs_no_answer_does_not_wait(context: Context, mail: Mail) -> None:
    given = {"name": "Ada", "order": {"id": 17}}
    assert isinstance(tell(context, given, **WAITING), Later)
    assert tell(context, given, key="r:b:1") == {"notified": 1}

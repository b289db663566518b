"""Results that come later: each attempt has an address of its own, which counts once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from home.clock import SettableClock
from home.context import Context
from home.errors import Refused
from orchestrate.awaiting.callbacks import CallbackRequest, callback
from orchestrate.awaiting.tokens import BadToken, read_token, signed
from orchestrate.connectors.http.connector import HttpConnector
from orchestrate.connectors.http.options import HttpOptions
from orchestrate.contracts import Binding, Owner, Plan, Retry, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.people.approvals import TooLate

OUTPUT = {"type": "object", "required": ["approved"]}


class Slow:
    """A plan of one step whose service answers 202."""

    def __init__(self, context: Context, clock: SettableClock, service: Any, **options: Any) -> None:
        service.answers["/slow"] = (202, {})
        service.seen.clear()
        given = {"url": f"{service.url}/slow", "callback": "Reply-To", **options}
        step = Step(
            id="ask",
            name="Ask",
            does="service",
            outcomes=("yes", "silent") if "otherwise" in options else (),
            output={} if "otherwise" in options else OUTPUT,
            binding=Binding(connector="http", settings=given),
            timeout=timedelta(hours=1),
            retry=Retry(attempts=2, wait_jitter=timedelta(0)),
        )
        plan = Plan(name="slow", owner=Owner(name="ada"), body=step)
        self.context, self.clock, self.service = context, clock, service
        self.engine = Engine(
            context.state,
            {"http": HttpConnector(context)},
            driver=MemoryDriver(clock),
            clock=clock,
            load=lambda name, version: (plan, 1),
        )
        self.run, _ = self.engine.start("slow")

    def go(self, **later: float) -> str:
        self.clock.advance(timedelta(**later))
        self.engine.run_until_idle(self.clock.now())
        return str(self.context.state.rows("select status from run")[0]["status"])

    def answer(self, body: str, number: int = -1) -> Any:
        url = self.service.seen[number]["headers"]["reply-to"]
        assert url.startswith("https://baton.test/api/callbacks/")
        return callback(self.context, CallbackRequest(token=url.rpartition("/")[2], body=body))


@pytest.fixture
def slow(
    make_context: Callable[..., Context], clock: SettableClock, service: Any
) -> Iterator[Callable[..., Slow]]:
    made: list[Slow] = []

    def make(**options: Any) -> Slow:
        made.append(Slow(make_context(), clock, service, **options))
        made[-1].go()
        return made[-1]

    yield make
    for one in made:
        one.engine.stop()


def test_a_result_ends_the_step_once(slow: Callable[..., Slow]) -> None:
    one = slow()
    assert one.go(minutes=30) == "open"
    one.answer('{"approved": true}')
    with pytest.raises(TooLate):
        one.answer('{"approved": false}')
    assert one.go() == "done"
    with pytest.raises(TooLate):
        one.answer('{"approved": true}')
    assert '"approved": true' in one.context.state.rows("select state from run")[0]["state"]


def test_an_error_that_is_posted_is_a_failed_attempt(slow: Callable[..., Slow]) -> None:
    one = slow()
    one.answer('{"error": "out of stock"}')
    one.go()
    one.go(minutes=1)
    assert len(one.service.seen) == 2
    with pytest.raises(TooLate):  # the first attempt's address is good no more
        one.answer('{"approved": true}', 0)
    one.answer('{"error": "never", "retryable": false}')
    one.go()
    (task,) = one.context.state.rows("select * from task where status = 'open'")
    assert task["reason"] == "failed after 2 attempts: never"


def test_a_result_that_breaks_the_contract_raises_an_alert(slow: Callable[..., Slow]) -> None:
    one = slow()
    one.answer('{"approve": true}')
    one.go()
    assert [a["kind"] for a in one.context.state.rows("select kind from alert")] == ["contract"]


def test_silence_is_tried_again_or_asked_of_a_person_where_a_time_is_set(slow: Callable[..., Slow]) -> None:
    one = slow()
    one.go(minutes=61)
    one.go(minutes=1)
    assert len(one.service.seen) == 2
    other = slow(within_s=60)
    other.go(minutes=2)
    (task,) = other.context.state.rows("select * from task where status = 'open'")
    assert "never answered" in task["reason"]


@pytest.mark.parametrize(
    ("within_s", "outcomes", "output", "why"),
    [
        (60, ("yes", "silent"), {}, None),
        (None, ("yes", "silent"), {}, "no within_s says when"),
        (60, ("yes",), {}, "no outcome of the step"),
        (60, ("yes", "silent"), OUTPUT, "requires approved"),
    ],
)
def test_silence_may_be_an_outcome_that_the_step_knows_and_that_owes_nothing(
    within_s: float | None, outcomes: tuple[str, ...], output: dict[str, Any], why: str | None
) -> None:
    options = HttpOptions(url="https://a.example", within_s=within_s, otherwise="silent")
    found = options.misfit(Step(id="ask", name="Ask", outcomes=outcomes, output=output))
    assert (why in found) if why and found else found is why


def test_a_service_that_stays_silent_ends_the_step_by_the_outcome_for_that(slow: Callable[..., Slow]) -> None:
    one = slow(within_s=60, otherwise="silent")
    one.go(minutes=2)
    assert one.go() == "done"
    assert '"ask": "silent"' in one.context.state.rows("select state from run")[0]["state"]
    with pytest.raises(TooLate):
        one.answer('{"outcome": "yes"}')


@pytest.mark.parametrize("body", ["[1]", "{", "7", '"x"', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused_and_may_be_sent_right(
    slow: Callable[..., Slow], body: str
) -> None:
    one = slow()
    with pytest.raises(Refused, match="JSON"):
        one.answer(body)
    one.answer('{"approved": true}')
    assert one.go() == "done"


def test_a_token_says_what_was_signed_for_one_purpose_and_one_key(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context()
    token = signed(context, "a", "run-1", 2)
    assert read_token(context, "a", token) == ["run-1", 2]
    with pytest.raises(BadToken):
        read_token(context, "b", token)
    monkeypatch.setenv("SIGN", "k1")
    keyed = make_context(signing_key="env:SIGN")
    with pytest.raises(BadToken):
        read_token(keyed, "a", token)
    made = signed(keyed, "a", 1)
    monkeypatch.setenv("SIGN", "k2")
    with pytest.raises(BadToken):
        read_token(keyed, "a", made)

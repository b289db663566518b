"""CloudEvents of a real broker: filtered, each once, acknowledged after the commit, poison kept apart."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aio_pika
import pytest

from home.errors import Refused, UsageError
from ingest.brokers import Message, arrivals_of
from ingest.dead_letters import DeadLettersRequest, list_dead_letters
from orchestrate.triggers.events import broker_of
from orchestrate.triggers.manage import NamedTrigger, pause_trigger
from orchestrate.triggers.store import find_trigger
from orchestrate.triggers.try_out import TryTriggerRequest, try_trigger
from tests.ingest.rabbit import Queue
from tests.orchestrate.triggers.conftest import Desk

PATIENCE_S = 30.0


def event(number: int, type: str = "shop.order.placed", **more: Any) -> bytes:
    """A CloudEvent of the shop."""
    known = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/shop/eu",
        "type": type,
        "subject": f"O-{number}",
    }
    return json.dumps({**known, "data": {"total": number}, **more}).encode()


def message(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, content_type="application/cloudevents+json")


@pytest.fixture
def queue(rabbit_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """A queue whose address only the environment knows."""
    made = Queue(rabbit_url)
    monkeypatch.setenv("SHOP_QUEUE", made.address)
    yield made
    made.delete()


def until(desk: Desk, wanted: Any) -> None:
    """Beat until it is so: messages come in their own time."""
    end = time.monotonic() + PATIENCE_S
    while not wanted():
        desk.beat()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


HOW: dict[str, Any] = {
    "broker": "env:SHOP_QUEUE",
    "type": "shop.order.*",
    "set": ("amount=data.total", "order=event.subject"),
}


def test_events_of_a_queue_start_runs(sqlite_desk: Desk, queue: Queue) -> None:
    desk = sqlite_desk
    desk.add("placed", "orders", **HOW)
    batch = [event(n) for n in (1, 2, 2)] + [event(2, source="/shop/us"), event(9, "shop.parcel.sent")]
    queue.publish(
        [message(body) for body in batch] + [message(b'{"no": "event"}'), message(b"\xff\x00no json")]
    )
    until(desk, lambda: list_dead_letters(desk.context, DeadLettersRequest()).rows)
    until(desk, lambda: desk.show("placed").trigger.skipped == 2)
    assert [(d["amount"], d["order"]) for d in desk.data()] == [(1, "O-1"), (2, "O-2"), (2, "O-2")]
    assert queue.left() == 0
    known = {o.occurrence for o in desk.show("placed").occurrences if o.outcome == "started"}
    assert known == {'["/shop/eu", "e1"]', '["/shop/eu", "e2"]', '["/shop/us", "e2"]'}
    pause_trigger(desk.context, NamedTrigger(name="placed"))
    desk.beat()
    queue.publish([message(event(3))])
    desk.beat()
    assert len(desk.runs()) == 3


def test_a_broker_that_is_away_is_said_and_hurts_no_other(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = sqlite_desk
    monkeypatch.setenv("SHOP_QUEUE", "amqp://guest:hush@127.0.0.1:1/?queue=orders")
    desk.add("placed", "orders", **HOW)
    desk.add("daily", cron="* * * * *")
    desk.clock.advance(timedelta(minutes=1))
    until(desk, lambda: desk.show("placed").trigger.error)
    said = desk.show("placed").trigger.error or ""
    assert "127.0.0.1" in said
    assert "hush" not in said
    assert desk.show("daily").trigger.started == 1


def test_testing_takes_an_event_or_its_data(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.add("placed", "orders", **HOW)
    tried = try_trigger(desk.context, TryTriggerRequest(name="placed", data=event(5).decode()))
    assert (tried.outcome, tried.data) == ("started", {"amount": 5, "order": "O-5"})
    other = try_trigger(
        desk.context, TryTriggerRequest(name="placed", data=event(5, "shop.parcel.sent").decode())
    )
    assert (other.outcome, other.detail) == ("skipped", "its filter does not want it")
    with pytest.raises(Refused, match="no JSON"):
        try_trigger(desk.context, TryTriggerRequest(name="placed", data="{"))


def test_a_message_without_an_id_is_known_by_its_content() -> None:
    one, two = arrivals_of([Message(b'{"a": 1}', {}), Message(b'{"a": 1}', {})], "trigger:x")
    assert one == two


@pytest.mark.parametrize(
    ("broker", "said"),
    [
        ("amqp://guest:hush@127.0.0.1/?queue=x", "password"),
        ("https://example.org", "no broker"),
        ("amqp://127.0.0.1/", "which queue"),
    ],
)
def test_what_is_no_broker_is_refused(sqlite_desk: Desk, broker: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        sqlite_desk.add("placed", "orders", **(HOW | {"broker": broker}))


def test_two_triggers_share_no_queue_and_read_a_topic_each_for_itself(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = sqlite_desk
    desk.add("one", "orders", **(HOW | {"broker": "amqp://127.0.0.1/?queue=orders"}))
    monkeypatch.setenv("SHOP_QUEUE", "amqp://127.0.0.1/?queue=orders")
    with pytest.raises(Refused, match="each would get some of them"):
        desk.add("two", "orders", **HOW)
    groups = set()
    for name in ("three", "four"):
        desk.add(name, "orders", **(HOW | {"broker": "kafka://127.0.0.1/orders"}))
        groups.add(broker_of(find_trigger(desk.state, name).trigger).group)
    assert groups == {"baton-three", "baton-four"}

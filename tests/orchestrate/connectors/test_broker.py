"""Events out to a real RabbitMQ (and Kafka in memory), and in to the steps that wait for them."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import aio_pika
import pytest
from faststream.kafka import TestKafkaBroker

from home.clock import SettableClock
from home.context import Context
from orchestrate.awaiting import store
from orchestrate.awaiting.listening import Awaiting
from orchestrate.connectors.broker.consume import ConsumeConnector
from orchestrate.connectors.broker.link import KafkaWire, Links
from orchestrate.connectors.broker.publish import PublishConnector
from orchestrate.connectors.port import CallFailed, Later
from orchestrate.contracts import Binding, Owner, Plan, Sequence, Step
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from tests.ingest.rabbit import Queue

from .attempts import call, work

STEP = Step(id="a", name="A")
HERE = "amqp://127.0.0.1/?queue=q"


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context()


def taken(url: str, queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
    """Everything in a queue."""

    async def take() -> list[Any]:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            found = await channel.get_queue(queue)
            messages = []
            while (message := await found.get(fail=False, no_ack=True)) is not None:
                messages.append(message)
            return messages

    return asyncio.run(take())


@pytest.mark.rabbit
def test_an_event_is_confirmed_known_by_its_key_and_carries_the_trace(
    context: Context, queue: Queue, rabbit_url: str
) -> None:
    from dataclasses import replace

    given = work(
        "r:ship:1", {"order": 17}, step=STEP, address=queue.address, type="order.shipped", subject="order"
    )
    traced = replace(given, trace={"traceparent": "00-aa-bb-01"})
    output = call(PublishConnector(context), traced)
    (message,) = taken(rabbit_url, queue.name)
    event = json.loads(message.body)
    assert output["event"]["id"] == event["id"] == message.message_id == "r:ship:1"
    assert (event["type"], event["source"], event["subject"]) == ("order.shipped", "/baton/orders", "17")
    assert event["data"] == {"order": 17}
    assert message.content_type == "application/cloudevents+json"
    assert event["traceparent"] == message.headers["traceparent"] == "00-aa-bb-01"
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


@pytest.mark.rabbit
def test_a_message_that_no_queue_takes_is_a_failure(context: Context, rabbit_url: str) -> None:
    for more in ({"address": f"{rabbit_url}?queue=baton-not-there"}, {"exchange": "amq.topic"}):
        given = {"address": f"{rabbit_url}?queue=q", "type": "t", **more}
        with pytest.raises(CallFailed, match="no queue takes the message") as failed:
            call(PublishConnector(context), work(step=STEP, **given))
        assert failed.value.can_retry


@pytest.mark.rabbit
def test_steps_share_a_connection_and_nothing_is_left_when_it_is_closed(
    context: Context, queue: Queue
) -> None:
    connector = PublishConnector(context)

    async def many() -> int:
        first = time.monotonic()
        await connector.call(work("r:0:1", step=STEP, address=queue.address, type="t"))
        opened = time.monotonic() - first
        again = time.monotonic()
        for number in range(1, 11):
            await connector.call(work(f"r:{number}:1", step=STEP, address=queue.address, type="t"))
        assert (time.monotonic() - again) / 10 < opened
        await connector.close()
        return len(asyncio.all_tasks())

    assert asyncio.run(many()) == 1
    assert queue.left() == 11


def test_kafka_gets_the_event_with_its_subject_as_key(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faststream.kafka.annotations import KafkaMessage

    seen: list[Any] = []
    opening = KafkaWire.__init__

    def listened(self: KafkaWire, broker: Any) -> None:
        opening(self, broker)

        @self.application.subscriber("orders")
        async def _seen(message: KafkaMessage) -> None:
            seen.append(message.raw_message)

    monkeypatch.setattr(KafkaWire, "__init__", listened)
    connector = PublishConnector(context)

    async def send() -> None:
        from ingest.brokers import broker

        found = broker("kafka://127.0.0.1:1/orders")
        async with _tested(connector._links, found):
            given = {"address": "kafka://127.0.0.1:1/orders", "type": "t", "subject": "order"}
            await connector.call(work("r:k:1", {"order": "A-1"}, step=STEP, **given))

    asyncio.run(send())
    (record,) = seen
    assert record.key == b"A-1"
    assert json.loads(record.value)["id"] == "r:k:1"
    assert dict(record.headers)["message-id"] == b"r:k:1"


class _tested:
    """A link whose Kafka is FastStream's own in memory."""

    def __init__(self, links: Links, broker: Any) -> None:
        from orchestrate.connectors.broker import link

        wire = KafkaWire(broker)
        self._testing = TestKafkaBroker(wire.application)
        self._links, self._broker, self._link = links, broker, link._Link(wire, open=True)

    async def __aenter__(self) -> None:
        self._links._links[id(asyncio.get_running_loop()), self._broker] = self._link
        await self._testing.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._testing.__aexit__(*error)
        self._links._links.clear()


class Waiting:
    """A plan whose step waits for the payment of an order, and what comes from the broker."""

    def __init__(self, context: Context, clock: SettableClock, **options: Any) -> None:
        given = {"address": HERE, "field": "data.order", "equals": "order", "type": "paid", **options}
        step = Step(
            id="paid", name="Paid", does="service", binding=Binding(connector="consume", settings=given)
        )
        again = step.model_copy(update={"id": "again"})
        body = Sequence(id="all", children=(step,) if not options.get("twice") else (step, again))
        given.pop("twice", None)
        self.plan = Plan(name="payments", owner=Owner(name="ada"), body=body)
        self.context, self.clock = context, clock
        self.engine = Engine(
            context.state,
            {"consume": ConsumeConnector(context)},
            driver=MemoryDriver(clock),
            clock=clock,
            load=lambda name, version: (self.plan, 1),
        )

    def start(self, order: Any) -> str:
        run, _ = self.engine.start("payments", data={"order": order})
        self.go()
        return run

    def go(self, **later: float) -> None:
        self.clock.advance(timedelta(**later))
        self.engine.run_until_idle(self.clock.now())

    def comes(self, order: Any, id: str = "e1", kind: str = "paid", **data: Any) -> int:
        event = {
            "specversion": "1.0",
            "id": id,
            "source": "/bank",
            "type": kind,
            "data": {"order": order, **data},
        }
        told = store.hear(self.context.state, HERE, json.dumps(event), "/bank", id, self.engine.now)
        self.go()
        return told

    def status(self, run: str) -> str:
        row = self.context.state.row("select status, state from run where id = :run", {"run": run})
        assert row is not None
        return str(row["status"])

    def data(self, run: str) -> Any:
        row = self.context.state.row("select state from run where id = :run", {"run": run})
        assert row is not None
        return json.loads(row["state"])["data"]


@pytest.fixture
def waiting(context: Context, clock: SettableClock) -> Iterator[Callable[..., Waiting]]:
    made: list[Waiting] = []

    def make(**options: Any) -> Waiting:
        made.append(Waiting(context, clock, **options))
        return made[-1]

    yield make
    for one in made:
        one.engine.stop()


def test_an_event_goes_to_the_run_it_belongs_to(waiting: Callable[..., Waiting]) -> None:
    one = waiting()
    first, second = one.start(17), one.start("18")
    assert one.comes(99) == 0
    assert one.comes(17, "e2", kind="refused") == 0
    assert one.comes("17", "e3", amount=5) == 1
    assert (one.status(first), one.status(second)) == ("done", "open")
    assert one.data(first)["amount"] == 5
    assert one.comes(18, "e4") == 1
    assert one.status(second) == "done"


def test_an_event_that_came_before_is_taken_and_only_once(waiting: Callable[..., Waiting]) -> None:
    one = waiting()
    assert one.comes(17) == 0
    run = one.start(17)
    assert one.status(run) == "done"
    assert one.comes(17) == 0  # the same again: known
    other = one.start(17)
    assert one.status(other) == "done"  # another run may have it too


def test_a_repeated_event_is_known_by_its_source_and_id(waiting: Callable[..., Waiting]) -> None:
    one = waiting()
    run = one.start(17)
    assert [one.comes(17) for _ in range(3)] == [1, 0, 0]
    assert one.status(run) == "done"
    assert one.context.state.rows("select count(*) as n from heard")[0]["n"] == 1


def test_a_condition_and_a_time_limit(waiting: Callable[..., Waiting]) -> None:
    one = waiting(where="data.amount >= 100.0", within_s=3600, role="accounting")
    run = one.start(17)
    assert one.comes(17, "small", amount=5) == 0
    assert one.comes(17, "none") == 0
    one.go(minutes=61)
    (task,) = one.context.state.rows("select * from task where status = 'open'")
    assert (task["role"], task["reason"]) == ("accounting", "no event with data.order = 17 came in time")
    assert one.comes(17, "late", amount=200) == 0
    assert one.status(run) == "open"


def test_events_are_forgotten_after_a_while_and_waits_of_ended_runs_too(
    waiting: Callable[..., Waiting],
) -> None:
    one = waiting()
    run = one.start(17)
    one.comes(5)
    one.engine.post(run, "cancel", {"undo": False})
    one.go()
    store.forget(one.context.state, one.engine.now + 1)
    for table in ("heard", "heard_value", "awaited", "event_taken"):
        assert one.context.state.rows(f"select count(*) as n from {table}")[0]["n"] == 0


def test_events_that_are_no_text_for_a_database_are_passed_over(waiting: Callable[..., Waiting]) -> None:
    one = waiting()
    one.start("x")
    for number, order in enumerate(["\0", "\ud800", "y" * 500, {"a": {"b": {"c": {"d": 1}}}}, None, True]):
        assert one.comes(order, f"e{number}") == 0
    assert store.hear(one.context.state, HERE, "{ no json", "/bank", "odd", 0.0) == 0


@pytest.mark.rabbit
def test_a_worker_listens_where_a_step_waits(
    context: Context, clock: SettableClock, queue: Queue, waiting: Callable[..., Waiting]
) -> None:
    one = waiting(address=queue.address)
    run = one.start(17)
    listening = Awaiting(context)
    event = {"specversion": "1.0", "id": "e1", "source": "/bank", "type": "paid", "data": {"order": 17}}
    queue.publish([json.dumps(event).encode(), b"{ no json"])
    deadline = time.monotonic() + 20
    try:
        while not listening.beat():
            assert time.monotonic() < deadline, "the event did not come in time"
            time.sleep(0.05)  # the broker is another process; there is nothing else to wait on
    finally:
        listening.stop()
    one.go()
    assert one.status(run) == "done"
    assert queue.left() == 0


def test_what_it_waits_by_must_be_there(context: Context) -> None:
    options = {"address": HERE, "field": "subject", "equals": "order"}
    with pytest.raises(CallFailed, match="waits by the field 'order'") as failed:
        call(ConsumeConnector(context), work(step=STEP, **options))
    assert not failed.value.can_retry
    assert isinstance(call(ConsumeConnector(context), work(given={"order": 1}, step=STEP, **options)), Later)

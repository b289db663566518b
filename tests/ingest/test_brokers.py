"""Messages of brokers come in once: from a real RabbitMQ, and from FastStream's Kafka in memory."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import aio_pika
import pytest
from cloudevents.core.bindings import kafka as kafka_binding
from cloudevents.core.bindings import rabbitmq as rabbit_binding
from cloudevents.core.v1.event import CloudEvent
from faststream.kafka import TestKafkaBroker

from home.errors import SettingError, Unreachable, UsageError
from ingest import arrival_store, consumer, feeds
from ingest.arrivals import deliver
from ingest.brokers import MOST_MESSAGE, Broker, Message, arrivals_of, broker
from ingest.consumer import Consumer, Taken, _One, keep
from ingest.consumers import Consumers, broker_of, consume
from ingest.contracts import IngestRequest
from ingest.dead_letters import DeadLettersRequest, list_dead_letters
from ingest.feeds import Feed
from ingest.named_sources import AddSourceRequest, add_source
from ingest.pull import PullRequest, pull
from tests.conftest import ROOT
from tests.ingest.conftest import Room
from tests.ingest.rabbit import Queue

IDLE_S = 0.4
COLUMNS = {"case_id": "order", "activity": "what", "timestamp": "at"}
MAPPING = "[map]\n" + "".join(f'{field} = "{column}"\n' for field, column in COLUMNS.items())


def order(number: int) -> bytes:
    at = f"2026-03-02T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    event = {"order": f"o{number % 7}", "what": f"step {number % 3}", "at": at, "number": number}
    return json.dumps(event).encode()


class Shop:
    """A durable queue of its own, and an ingest room whose source `orders` it is."""

    def __init__(self, room: Room, url: str) -> None:
        self.room, self.context, self.url = room, room.context, url
        self._made = Queue(url)
        self.queue = self._made.name
        room.file("address", self._made.address)
        self.feed = self.source("orders", f"file:{room.folder / 'address'}")

    def source(self, name: str, address: str) -> Feed:
        request = IngestRequest(source=address, log="orders", mapping=MAPPING)
        now = self.context.clock.now().replace(tzinfo=None)
        feed = Feed(name, "orders", request.model_dump_json(exclude_defaults=True), now)
        with self.context.events.writing() as cursor:
            feeds.add(cursor, feed)
        return feed

    def publish(self, messages: list[aio_pika.Message]) -> None:
        self._made.publish(messages)

    def left(self) -> int:
        return self._made.left()

    def drain(self) -> Taken:
        return Consumer(self.context, self.feed, self.broker()).drain(IDLE_S)

    def broker(self, url: str | None = None) -> Broker:
        return broker(f"{url or self.url}?queue={self.queue}")

    def numbers(self) -> list[int]:
        return sorted(int(row["number"]) for row in self.room.rows("event"))

    def dead(self) -> list[str]:
        return [row.event for row in list_dead_letters(self.context, DeadLettersRequest()).rows]

    def close(self) -> None:
        self.context.stores.close()
        self._made.delete()


@pytest.fixture
def shop(room: Room, rabbit_url: str) -> Iterator[Shop]:
    made = Shop(room, rabbit_url)
    yield made
    made.close()


def message(number: int) -> aio_pika.Message:
    return aio_pika.Message(order(number), message_id=f"m{number}", delivery_mode=2)


def test_what_is_in_the_queue_comes_in_once(shop):
    shop.publish([message(n) for n in range(300)])
    taken = shop.drain()
    assert (taken.messages, taken.new) == (300, 300)
    shop.publish([message(n) for n in range(250, 350)])
    assert shop.drain().new == 50
    deliver(shop.context)
    assert shop.numbers() == list(range(350))
    assert shop.left() == 0


def test_an_empty_queue_is_no_error_and_consume_is_what_a_pull_does(shop):
    assert consume(shop.context, shop.feed) == Taken()
    shop.publish([message(1)])
    assert consume(shop.context, shop.feed).new == 1


def test_poison_becomes_a_dead_letter(shop):
    poison = [
        b"",
        b"nonsense",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"order": "o1"}',
        b'{"order": "o1", "what": "x", "at": 1e99}',
    ]
    shop.publish(
        [
            *[message(n) for n in range(5)],
            *[aio_pika.Message(body, message_id=f"bad{n}") for n, body in enumerate(poison)],
            message(5),
        ]
    )
    assert shop.drain().messages == 6 + len(poison)
    for _ in range(arrival_store.TRIES):
        deliver(shop.context)
    assert shop.numbers() == list(range(6))
    dead = [name for name in shop.dead() if name.startswith("bad")]
    assert len(dead) == len(poison) - 1, "the list has two"
    assert len(shop.dead()) == len(poison) + 1
    assert shop.left() == 0


FOLLOW = """
import sys
from home.context import Context, Stores
from home.settings import configure
from ingest import feeds
from ingest.consumer import Consumer
from ingest.consumers import broker_of
configuration = configure({"home": sys.argv[1]}, {})
context = Context(configuration, Stores(configuration.settings))
feed = feeds.find_feed(context.events, "orders")
context.stores.events.close()
print("ready", flush=True)
Consumer(context, feed, broker_of(feed)).follow()
"""


@pytest.mark.chaos
def test_a_consumer_killed_in_the_middle_loses_and_doubles_nothing(shop):
    """1,000 messages with duplicates and poison; the consumer is killed while it takes them, five times."""
    dice = random.Random(7)
    good = [message(n) for n in range(950)]
    again = [message(n) for n in dice.sample(range(950), 30)]
    bad = [aio_pika.Message(b"poison", message_id=f"bad{n}", delivery_mode=2) for n in range(20)]
    messages = [*good, *again, *bad]
    dice.shuffle(messages)
    assert len(messages) == 1000
    killed_amid = 0
    for part in range(5):
        half = messages[part * 200 : part * 200 + 200]
        shop.context.stores.close()
        command = [sys.executable, "-c", FOLLOW, str(shop.room.folder / "home")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stdout.readline() == "ready\n"
        sender = threading.Thread(target=shop.publish, args=(half,))
        sender.start()
        wait_for(partial(more_than, shop, part * 150))
        os.kill(process.pid, signal.SIGKILL)
        sender.join()
        process.communicate()
        wait_for(lambda: shop.left() >= 0)
        killed_amid += shop.left() > 0
    shop.context.stores.close()
    shop.drain()
    for _ in range(arrival_store.TRIES):
        deliver(shop.context)
    assert shop.numbers() == list(range(950))
    assert sorted(shop.dead()) == sorted(f"bad{n}" for n in range(20))
    assert shop.left() == 0
    assert killed_amid, "no kill fell into the middle"


def more_than(shop: Shop, count: int) -> bool:
    return kept(shop) > count


def kept(shop: Shop) -> int:
    return shop.context.state.row("select count(*) as n from arrival")["n"]


def wait_for(true: Callable[[], bool], most_s: float = 30.0) -> None:
    still = threading.Event()
    for _ in range(int(most_s / 0.02)):
        if true():
            return
        still.wait(0.02)
    raise AssertionError("waited in vain")


class Wire:
    """A wire to a broker, which can be cut and laid again."""

    def __init__(self, url: str) -> None:
        host, _, port = url.rpartition("@")[2].partition("/")[0].partition(":")
        self._target = (host, int(port or 5672))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://guest:guest@127.0.0.1:{self._listening.getsockname()[1]}/"
        self._ends: list[socket.socket] = []
        self.connections = 0
        self.passed = threading.Event()
        """Set once some bytes of messages have come through."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                self.connections += 1
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := source.recv(1 << 14):
                target.sendall(data)
                sent += len(data)
                if sent > 20_000:
                    self.passed.set()
        for end in (source, target):
            with suppress(OSError):
                end.close()

    def cut(self) -> None:
        self.passed.clear()
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
        self.cut()


@pytest.mark.chaos
def test_a_connection_that_drops_is_made_again(shop):
    wire = Wire(shop.url)
    following = Consumer(shop.context, shop.feed, shop.broker(wire.url))
    thread = threading.Thread(target=following.follow)
    thread.start()
    try:
        for part in range(3):
            shop.publish([message(n) for n in range(part * 400, part * 400 + 400)])
            assert wire.passed.wait(20)
            wire.cut()
        wait_for(lambda: kept(shop) == 1200)
        wait_for(lambda: shop.left() == 0)
    finally:
        following.stop.set()
        thread.join(20)
        wire.close()
    assert not thread.is_alive()
    assert wire.connections >= 3
    deliver(shop.context)
    assert shop.numbers() == list(range(1200))


def test_a_full_store_leaves_messages_with_the_broker(shop, monkeypatch):
    """No more is taken than may wait; the rest follows when something was loaded."""
    monkeypatch.setattr(arrival_store.receive, "__kwdefaults__", {"offsets": (), "most": 120})
    monkeypatch.setattr(consumer, "PREFETCH", 50)
    monkeypatch.setattr(consumer, "WAIT_S", 0.05)
    shop.publish([message(n) for n in range(400)])
    following = Consumer(shop.context, shop.feed, shop.broker())
    thread = threading.Thread(target=following.follow)
    thread.start()
    wait_for(lambda: kept(shop) > 60)
    assert kept(shop) <= 120
    for _ in range(20):
        deliver(shop.context)
        if len(shop.numbers()) == 400:
            break
        wait_for(lambda: kept(shop) == 400 or bool(arrival_store.queues(shop.context.state)))
    following.stop.set()
    thread.join(20)
    assert shop.numbers() == list(range(400))


def test_a_pull_makes_room_for_itself(shop, monkeypatch):
    """Nobody else loads what waits when no service runs."""
    monkeypatch.setattr(arrival_store.receive, "__kwdefaults__", {"offsets": (), "most": 100})
    monkeypatch.setattr(consumer, "PREFETCH", 40)
    shop.publish([message(n) for n in range(250)])
    (row,) = pull(shop.context, PullRequest(name="orders")).rows
    assert (row.seen, row.loaded, row.events) == (250, 250, 250)
    assert shop.numbers() == list(range(250))
    assert shop.left() == 0


def test_the_service_keeps_consuming_and_says_what_it_cannot(shop):
    absent = shop.source("absent", shop.url.replace("guest:guest@", "") + "?queue=there-is-none")
    running = Consumers(lambda **_: shop.context)
    running.tend([shop.feed, absent])
    shop.publish([message(n) for n in range(50)])
    wait_for(lambda: kept(shop) == 50)
    wait_for(lambda: feeds.find_feed(shop.context.events, "absent").failures == 1)
    assert "no queue 'there-is-none'" in feeds.find_feed(shop.context.events, "absent").message
    running.tend([absent])  # the source was removed
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "consume orders"])
    shop.publish([message(99)])
    running.tend([shop.feed, absent])
    wait_for(lambda: kept(shop) == 51)
    running.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("consume")]
    deliver(shop.context)
    assert len(shop.numbers()) == 51


def test_cloud_events_come_in_every_mode(shop):
    made = CloudEvent(
        {"id": "c1", "source": "/shop", "type": "placed", "subject": "o1", "specversion": "1.0"},
        json.loads(order(1)),
    )
    binary = rabbit_binding.to_binary_event(made)
    structured = rabbit_binding.to_structured_event(made)
    amqp = {f"cloudEvents:{name[3:]}": value for name, value in binary.headers.items()}
    shop.publish(
        [
            aio_pika.Message(binary.body, headers=binary.headers, content_type="application/json"),
            aio_pika.Message(structured.body, content_type=structured.content_type),
            aio_pika.Message(binary.body, headers=amqp, content_type="application/json", message_id="x"),
            aio_pika.Message(
                b"[" + structured.body + b"]", content_type="application/cloudevents-batch+json"
            ),
        ]
    )
    taken = shop.drain()
    assert (taken.messages, taken.events, taken.new) == (4, 4, 1)
    (row,) = shop.context.state.rows("select source, id from arrival")
    assert (row["source"], row["id"]) == ("/shop", "c1")


def test_without_any_id_the_content_is_what_a_message_is_known_by(room):
    """Publishers in Python always give one; others need not."""
    first, second, again = arrivals_of([Message(order(n), {}, None) for n in (1, 2, 1)], "orders")
    assert first == again
    assert first.id != second.id


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("amqp://guest:hunter2@{place}/?queue=q", "ACCESS_REFUSED"),
        ("amqp://guest:guest@{place}/?queue=there-is-none", "no queue 'there-is-none'"),
        ("amqp://guest:hunter2@127.0.0.1:1/?queue=q", "Connect call failed"),
        ("amqp://guest:hunter2@nowhere.invalid/?queue=q", "not known"),
        ("kafka://me:hunter2@127.0.0.1:1/orders", "cannot be read"),
    ],
)
def test_what_does_not_answer_is_said_without_its_password(shop, address, says):
    place = shop.url.rpartition("@")[2].rstrip("/")
    shop.room.file("address", address.format(place=place))
    with pytest.raises(Unreachable, match=says) as caught:
        consume(shop.context, shop.feed)
    assert "hunter2" not in caught.value.message + caught.value.hint
    assert "guest:" not in caught.value.message


# Addresses and messages -------------------------------------------------------------------------


def test_addresses_say_broker_queue_and_group():
    found = broker("amqp://me:p%40ss@host:5673/vhost?queue=orders&heartbeat=30")
    assert (found.kind, found.queue, found.url) == (
        "rabbit",
        "orders",
        "amqp://me:p%40ss@host:5673/vhost?heartbeat=30",
    )
    assert found.shown == "amqp://host:5673/vhost, queue 'orders'"
    assert broker("amqp://host", "orders").queue == "orders"
    kafka = broker("kafkas://me:p%40ss@a:9092,b:9093/orders?group=mine")
    assert (kafka.url, kafka.queue, kafka.group) == ("a:9092,b:9093", "orders", "mine")
    assert (kafka.user, kafka.password, kafka.tls) == ("me", "p@ss", True)
    assert "p@ss" not in kafka.shown
    assert "p%40ss" not in kafka.shown
    for wrong in ("amqp://me:hunter2@host/", "kafka://me:hunter2@host:9092"):
        with pytest.raises(UsageError, match="which") as caught:
            broker(wrong)
        assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("source", ["amqp://host/?queue=q", "kafka://host/topic", "push:", "file"])
def test_what_flows_is_no_source_of_one_load(room, source):
    secret = room.file("address", "amqp://me:hunter2@host/?queue=q")
    source = f"file:{secret}" if source == "file" else source
    with pytest.raises(UsageError, match="named sources") as caught:
        room.load(source)
    assert "hunter2" not in caught.value.message + caught.value.hint
    add_source(room.context, AddSourceRequest(name="x", source=source, log="orders"))
    with pytest.raises(UsageError, match="which queue"):
        room.file("address", "amqp://me:hunter2@host/")
        add_source(room.context, AddSourceRequest(name="y", source=f"file:{secret}", log="orders"))


def test_a_message_too_large_is_kept_by_its_beginning():
    (found,) = arrivals_of([Message(b'{"a": "' + b"x" * MOST_MESSAGE + b'"}', {}, "big")], "orders")
    assert found.id == "big"
    assert len(found.payload) < 1000
    assert "over the limit" in found.payload


def test_a_reference_that_leads_nowhere_is_said(room):
    feed = Feed(
        "x", "orders", '{"source": "env:NOT_SET_ANYWHERE", "log": "orders"}', room.context.clock.now()
    )
    with pytest.raises(SettingError, match="NOT_SET_ANYWHERE"):
        broker_of(feed)


# Kafka: no server here; FastStream's own broker in memory stands for it ----------------------------


@pytest.fixture
def topic(room: Room) -> Iterator[tuple[Room, Feed]]:
    request = IngestRequest(source="kafka://127.0.0.1:9092/orders", log="orders", mapping=MAPPING)
    now = room.context.clock.now().replace(tzinfo=None)
    feed = Feed("orders", "orders", request.model_dump_json(exclude_defaults=True), now)
    with room.context.events.writing() as cursor:
        feeds.add(cursor, feed)
    yield room, feed
    room.context.stores.close()


def test_kafka_in_memory_hands_records_on(topic):
    _, feed = topic

    async def run() -> list[Any]:
        waiting: asyncio.Queue[Any] = asyncio.Queue()
        application = consumer._kafka(broker_of(feed), waiting)
        structured = kafka_binding.to_structured_event(
            CloudEvent({"id": "c1", "source": "/s", "type": "t", "specversion": "1.0"}, json.loads(order(3)))
        )
        async with TestKafkaBroker(application) as testing:
            for number in range(3):
                await testing.publish(order(number), "orders", headers={"message-id": f"m{number}"})
            await testing.publish(
                structured.value, "orders", headers={"content-type": "application/cloudevents+json"}
            )
        return [waiting.get_nowait() for _ in range(waiting.qsize())]

    found = asyncio.run(run())
    assert [one.message.id for one in found] == ["m0", "m1", "m2", None]
    assert all(one.place[0] == "orders" for one in found)
    events = arrivals_of([one.message for one in found], "orders")
    assert [(event.source, event.id) for event in events] == [
        ("orders", "m0"),
        ("orders", "m1"),
        ("orders", "m2"),
        ("/s", "c1"),
    ]


def record(number: int, part: int = 0) -> _One:
    async def ack() -> None:
        return None

    return _One(Message(order(number), {}, None), ack, ("orders", part, number))


def test_a_replay_of_kafka_is_ignored_by_its_offsets(topic):
    """The offset is kept with the event: what was kept before the group was told comes again for nothing."""
    room, feed = topic
    taken = Taken()
    keep(room.context, feed, [record(n) for n in range(10)], taken)
    keep(room.context, feed, [record(n) for n in range(5, 15)], taken)
    keep(room.context, feed, [record(n, part=1) for n in range(15, 18)], taken)
    assert (taken.messages, taken.events, taken.new) == (23, 18, 18)
    assert arrival_store.offsets(room.context.state, "orders") == {("orders", 0): 15, ("orders", 1): 18}
    deliver(room.context)
    assert sorted(int(row["number"]) for row in room.rows("event")) == list(range(18))
    keep(room.context, feed, [record(n) for n in range(15)], taken)
    assert taken.new == 18


def test_kafka_is_told_only_what_is_kept(topic, monkeypatch):
    """A record's own offset goes to the broker, after the commit; never that of what was fetched."""
    room, feed = topic
    told: list[Any] = []
    order_of_things: list[str] = []

    class Group:
        async def commit(self, offsets: Any) -> None:
            order_of_things.append("told")
            told.append({(p.topic, p.partition): o for p, o in offsets.items()})

    real = arrival_store.receive

    def receive(*args: Any, **more: Any) -> int:
        new = real(*args, **more)
        order_of_things.append("kept")
        return new

    monkeypatch.setattr(arrival_store, "receive", receive)

    async def run() -> None:
        waiting: asyncio.Queue[Any] = asyncio.Queue()
        application = consumer._kafka(broker_of(feed), waiting)
        async with TestKafkaBroker(application) as testing:
            await testing.publish(order(1), "orders", partition=0)
        one = waiting.get_nowait()
        acknowledged = _One(one.message, lambda: Group().commit(one.ack.args[0]), one.place)
        await Consumer(room.context, feed, broker_of(feed))._keep([acknowledged])
        assert told == [{("orders", one.place[1]): one.place[2] + 1}]

    asyncio.run(run())
    assert order_of_things == ["kept", "told"]

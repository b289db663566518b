"""What is pushed is loaded once, whatever comes twice, is poison, or dies in between."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings import http as binding
from cloudevents.core.v1.event import CloudEvent
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from dashboard.api import create_api
from dashboard.runtime import Runtime
from home.clock import SettableClock
from home.context import Context, Stores
from home.errors import NotFound, UsageError
from home.registry import load as registry
from home.settings import configure
from ingest import arrival_store, feeds
from ingest.arrival_store import KNOWN_S, Arrived, Backlog, Offset, receive
from ingest.arrivals import deliver
from ingest.cloud_events import Refusal, Unreadable, elements, events
from ingest.contracts import IngestRequest, LogRequest
from ingest.dead_letters import (
    ChosenLettersRequest,
    DeadLettersRequest,
    discard_dead_letters,
    list_dead_letters,
    retry_dead_letters,
)
from ingest.feeds import Feed
from ingest.logs import drop_log
from ingest.push import take
from tests.conftest import ROOT
from tests.ingest.conftest import Room

QUEUE = "push:orders"


def event(number: int, **more: Any) -> dict[str, Any]:
    at = f"2026-03-02T08:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return {
        "case_id": f"c{number % 7}",
        "activity": f"step {number % 3}",
        "timestamp": at,
        "number": number,
    } | more


def arrived(*numbers: int, source: str = "shop") -> list[Arrived]:
    return [Arrived(source, f"e{n}", json.dumps(event(n))) for n in numbers]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Room:
    """An ingest room on either transactional store."""
    room = Room(tmp_path)
    configuration = configure({"home": tmp_path / "home", "database_url": database_url}, {})
    clock = SettableClock()
    room.context = Context(configuration, Stores(configuration.settings), actor="tester", clock=clock)
    yield room
    room.context.stores.close()


@pytest.fixture
def small(room: Room) -> Room:
    """An ingest room on SQLite, where the store makes no difference."""
    yield room
    room.context.stores.close()


def push(room: Room, events: list[Arrived], queue: str = QUEUE, log: str = "orders", **more: Any) -> int:
    return receive(room.context.state, queue, log, events, room.context.clock.now(), **more)


def numbers(room: Room, log: str = "orders") -> list[int]:
    return sorted(int(row["number"]) for row in room.rows("event", log))


def waiting(room: Room) -> int:
    (counted,) = (
        row["n"]
        for row in room.context.state.rows("select count(*) as n from arrival where payload is not null")
    )
    assert counted == sum(queue.waiting for queue in arrival_store.queues(room.context.state))
    return counted


def test_what_arrives_is_loaded_once_and_let_go(house):
    assert push(house, arrived(*range(10))) == 10
    assert push(house, arrived(*range(5, 15))) == 5, "known by its id while it waits"
    (report,) = deliver(house.context)
    assert (report.seen, report.loaded, report.set_aside, report.cases) == (15, 15, 0, 7)
    assert push(house, arrived(*range(20))) == 5, "and after it was loaded"
    deliver(house.context)
    assert numbers(house) == list(range(20))
    assert waiting(house) == 0
    assert deliver(house.context) == ()


def test_one_id_of_two_sources_is_two_events_and_of_two_queues_is_one(house):
    assert push(house, arrived(1)) == 1
    assert push(house, arrived(1, source="erp")) == 1
    assert push(house, arrived(1), queue="other") == 0
    assert push(house, arrived(1), queue="push:more", log="more") == 1


def test_writers_and_the_loader_at_once_lose_and_double_nothing(house):
    """Numbers are in the order of commits: the loader never goes past one that is not there yet."""
    context = house.context
    push(house, arrived(0))
    batches = [list(range(n, n + 5)) for n in range(1, 400, 5)]
    dice = random.Random(5)
    offered = batches + dice.sample(batches, 30)  # some come twice
    dice.shuffle(offered)
    errors: list[BaseException] = []
    done = threading.Event()

    def write(mine: list[list[int]]) -> None:
        try:
            for batch in mine:
                push(house, arrived(*batch))
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    def loading() -> None:
        try:
            while not done.is_set():
                deliver(context)
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    writers = [threading.Thread(target=write, args=(offered[n::4],)) for n in range(4)]
    loader = threading.Thread(target=loading)
    for thread in (*writers, loader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    loader.join()
    deliver(context)
    assert not errors
    assert numbers(house) == list(range(401))
    assert waiting(house) == 0


POISON = {
    "nonsense": "not JSON",
    '{"case_id": "a"': "truncated",
    "[1]": "no JSON object",
    "7": "no JSON object",
    '{"activity": "a", "timestamp": "2026-03-02"}': "no case: .* is absent; found activity, timestamp",
    '{"case_id": " ", "activity": "a", "timestamp": "2026-03-02T08:00:00Z"}': "no case: .* is empty",
    '{"case_id": "a", "timestamp": "2026-03-02T08:00:00Z"}': "no activity",
    '{"case_id": "a", "activity": null, "timestamp": "2026-03-02T08:00:00Z"}': "no activity",
    '{"case_id": "a", "activity": "b"}': "no time",
    '{"case_id": "a", "activity": "b", "timestamp": "yesterday"}': "'yesterday' is no time",
    '{"case_id": "a", "activity": "b", "timestamp": "03/04/2026"}': "is no time",
    '{"case_id": "a", "activity": "b", "timestamp": {"at": 1}}': "no time",
    '{"case_id": "a", "activity": "b", "timestamp": 1e400}': "is no time|no type can hold",
    '{"case_id": "a", "case_id": "b", "activity": "b", "timestamp": "2026-03-02T08:00:00Z"}': "twice",
    '{"a":' * 5000 + "1" + "}" * 5000: "depth|deep",
    json.dumps(event(1) | {f"k{n}": n for n in range(3000)}): "2,000 columns",
}


def test_poison_becomes_a_dead_letter_with_its_reason_and_holds_nothing_up(house):
    good = arrived(*range(50))
    bad = [Arrived("shop", f"bad{n}", text) for n, text in enumerate(POISON)]
    mixed = good[:20] + bad[:9] + good[20:40] + bad[9:] + good[40:]
    assert push(house, mixed) == 50 + len(bad)
    reports = []
    for attempt in range(3):
        assert len(list_dead_letters(house.context, DeadLettersRequest()).rows) == 0, attempt
        reports += deliver(house.context)
    assert numbers(house) == list(range(50))
    letters = list_dead_letters(house.context, DeadLettersRequest(log="orders")).rows
    assert len(letters) == len(POISON)
    assert sum(report.loaded for report in reports) + len(letters) == len(mixed)
    by_event = {letter.event: letter for letter in letters}
    import re

    for number, (text, reason) in enumerate(POISON.items()):
        letter = by_event[f"bad{number}"]
        assert re.search(reason, letter.reason), (text[:80], letter.reason)
        assert letter.tries == 3
    assert waiting(house) == 0
    assert list_dead_letters(house.context, DeadLettersRequest(log="more")).rows == ()


def test_a_dead_letter_is_sent_again_once_its_mapping_is_mended_or_discarded(house):
    columns = {"case_id": "order", "activity": "what", "timestamp": "at"}
    table = "[map]\n" + "".join(f'{field} = "{column}"\n' for field, column in columns.items())
    request = IngestRequest(source="push:", log="orders", append=True)
    feed = Feed("shop", "orders", request.model_dump_json(), house.context.clock.now().replace(tzinfo=None))
    with house.context.events.writing() as cursor:
        feeds.add(cursor, feed)
    body = json.dumps({"order": "A", "what": "b", "at": "2026-03-02T08:00:00Z", "number": 1}).encode()
    for number in (b"1", b"2"):
        take(house.context, {}, body.replace(b"1}", number + b"}"), source="shop")
    for _ in range(3):
        deliver(house.context)
    first, second = list_dead_letters(house.context, DeadLettersRequest()).rows
    assert "no case" in first.reason
    discard_dead_letters(house.context, ChosenLettersRequest(letter=(second.id,)))
    mended = request.model_copy(update={"mapping": table}).model_dump_json()
    with house.context.events.writing() as cursor:
        cursor.execute("update main.feed set request = ? where name = 'shop'", [mended])
    retried = retry_dead_letters(house.context, ChosenLettersRequest(log="orders"))
    assert retried.count == 1
    (report,) = deliver(house.context)
    assert report.loaded == 1
    assert numbers(house) == [first.payload["number"]]
    assert list_dead_letters(house.context, DeadLettersRequest()).rows == ()
    assert waiting(house) == 0
    with pytest.raises(NotFound, match="No dead letter called"):
        discard_dead_letters(house.context, ChosenLettersRequest(letter=("dead-1",)))


def test_one_event_that_spoils_the_load_is_found_among_many(small):
    giant = event(500) | {f"k{n}": n for n in range(3000)}
    spoiled = Arrived("shop", "giant", json.dumps(giant))
    push(small, [*arrived(*range(300)), spoiled, *arrived(*range(300, 500))])
    for _ in range(3):
        deliver(small.context)
    assert numbers(small) == list(range(500))
    (letter,) = list_dead_letters(small.context, DeadLettersRequest()).rows
    assert letter.event == "giant"


def test_a_flow_is_one_source_of_its_log(small):
    extra = {"resource": "Ann", "case:channel": "web"}
    for number in range(4):
        push(
            small, [Arrived("shop", f"x{number}", json.dumps(event(number) | (extra if number > 1 else {})))]
        )
        deliver(small.context)
    assert small.query("select name, seen, loaded, set_aside from source") == [
        ("push-orders.arrivals", 4, 4, 0)
    ]
    assert small.query("select distinct source from event") == [(0,)]
    assert small.query("select count(*), count(distinct case_id) from trace") == [(4, 4)]
    assert small.query("select source_row from event order by n") == [(1,), (2,), (3,), (4,)]
    again = json.dumps(event(9, case_id="c2") | {"case:channel": "phone", "case:city": "Oslo"})
    push(small, [Arrived("shop", "late", again)])
    deliver(small.context)
    (row,) = [row for row in small.rows("cv") if row["case_id"] == "c2"]
    assert (row["channel"], row["city"], row["n"]) == ("web", "Oslo", 2)
    (line,) = feeds.all_feeds(small.context.events)
    assert (line.name, line.loaded, line.status, line.pulls) == (QUEUE, 5, "ok", 5)


def test_too_many_waiting_are_refused_whole(house):
    push(house, arrived(*range(8)), most=10)
    with pytest.raises(Backlog, match="8 events wait for 'orders'"):
        push(house, arrived(*range(8, 12)), most=10)
    assert waiting(house) == 8
    assert push(house, arrived(8, 9), most=10) == 2
    deliver(house.context)
    assert push(house, arrived(*range(10, 20)), most=10) == 10


def test_offsets_are_kept_with_the_events_and_never_go_back(house):
    push(house, arrived(1), offsets=[Offset("orders", 0, 5), Offset("orders", 1, 9)])
    push(house, [], offsets=[Offset("orders", 0, 3), Offset("orders", 1, 10)])
    assert arrival_store.offsets(house.context.state, QUEUE) == {("orders", 0): 5, ("orders", 1): 10}
    with pytest.raises(Backlog):
        push(house, arrived(*range(9)), offsets=[Offset("orders", 0, 50)], most=5)
    assert arrival_store.offsets(house.context.state, QUEUE)[("orders", 0)] == 5


def test_ids_are_forgotten_after_a_month_and_with_their_log(house):
    push(house, arrived(1))
    deliver(house.context)
    house.context.clock.advance(timedelta(seconds=KNOWN_S - 1))
    assert arrival_store.forget_old(house.context.state, house.context.clock.now()) == 0
    house.context.clock.advance(timedelta(seconds=2))
    assert arrival_store.forget_old(house.context.state, house.context.clock.now()) == 1
    push(house, arrived(2))
    deliver(house.context)
    drop_log(house.context, LogRequest(log="orders"))
    assert push(house, arrived(2)) == 1
    deliver(house.context)
    assert numbers(house) == [2]


KILLED = """
import os, signal, sys
from home.context import Context, Stores
from home.settings import configure
from ingest import arrival_store, arrivals
configuration = configure({"home": sys.argv[1]}, {})
context = Context(configuration, Stores(configuration.settings))
_ = context.events, context.state
where = sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "before the load":
    arrivals.load = die
elif where == "after the load":
    whole = arrival_store.settle
    arrival_store.settle = lambda state, queue, upto: die() if upto else whole(state, queue, upto)
elif where == "after putting off":
    whole = arrival_store.put_off
    arrival_store.put_off = lambda *a: (whole(*a), die()) if a[2] else None
print("ready", flush=True)
sys.stdin.readline()
arrivals.deliver(context)
print("delivered", flush=True)
"""


@pytest.mark.chaos
@pytest.mark.parametrize("where", ["before the load", "after the load", "after putting off"])
def test_a_delivery_killed_between_two_steps_loads_each_event_once(small, where):
    push(small, [*arrived(*range(30)), Arrived("shop", "bad", "{}")])
    small.context.stores.close()
    home = str(small.folder / "home")
    for _ in range(2):
        process = run(home, where)
        process.communicate("go\n", timeout=60)
        assert process.returncode == -signal.SIGKILL
        small.context.stores.close()
        push(small, arrived(*range(30, 40)))
        small.context.stores.close()
    for _ in range(3):
        deliver(small.context)
    assert numbers(small) == list(range(40))
    assert waiting(small) == 0
    assert [letter.event for letter in list_dead_letters(small.context, DeadLettersRequest()).rows] == ["bad"]


@pytest.mark.long
@pytest.mark.chaos
def test_deliveries_killed_at_any_moment_load_each_event_once(small):
    dice = random.Random(3)
    home = str(small.folder / "home")
    reached: Counter[str] = Counter()
    count = 0
    for _ in range(10):
        push(small, arrived(*range(count, count + 200)))
        count += 200
        small.context.stores.close()
        process = run(home, "anywhere")
        process.stdin.write("go\n")
        process.stdin.flush()
        try:
            process.wait(dice.random() * 1.2)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
        reached["delivered" if "delivered" in out else "killed"] += 1
    deliver(small.context)
    assert numbers(small) == list(range(count))
    assert reached["killed"] >= 3, reached


def run(home: str, where: str) -> "subprocess.Popen[str]":
    """A process that is about to deliver."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, home, where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout.readline() == "ready\n"
    return process


# Messages ---------------------------------------------------------------------------------------

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(TEXT, VALUES, max_size=4)


@given(id=TEXT, source=TEXT, kind=TEXT, subject=TEXT, data=DATA)
def test_a_cloud_event_is_the_same_in_every_mode(id, source, kind, subject, data):
    made = CloudEvent(
        {"id": id, "source": source, "type": kind, "subject": subject, "specversion": "1.0"}, data
    )
    binary = binding.to_binary_event(made)
    structured = binding.to_structured_event(made)
    batch = b"[" + structured.body + b"]"
    found = [
        *events({"content-type": "application/json", **binary.headers}, binary.body, queue="q"),
        *events(structured.headers, structured.body, queue="q"),
        *events({"content-type": "application/cloudevents-batch+json"}, batch, queue="q"),
        *events({}, batch, queue="q"),
    ]
    assert all(isinstance(one, Arrived) for one in found), found
    assert {(one.source, one.id) for one in found} == {(source, id)}
    for one in found:
        content = json.loads(one.payload)
        assert content["subject"] == subject
        assert content["type"] == kind
        assert content.get("data", {}) == data


@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 2]))
def test_a_list_is_taken_apart_as_it_stands(values, indent):
    text = json.dumps(values, indent=indent)
    assert [value for _, value in elements(text)] == values
    assert [json.loads(part) for part, _ in elements(text)] == values


@given(st.text(alphabet='[]{},:"1a \n', max_size=30))
def test_what_is_no_list_is_refused_as_json_does(text):
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    try:
        found = [value for _, value in elements(text)]
    except (ValueError, IndexError):
        found = None
    assert found == (expected if isinstance(expected, list) else None)


@pytest.mark.parametrize(
    ("headers", "body", "says"),
    [
        ({}, b"\xff\xfe{", "not in UTF-8"),
        ({}, b"", "no JSON"),
        ({}, b"{", "no JSON"),
        ({}, b"[1,]", "comma before the end"),
        ({}, b"[1 2]", "no comma"),
        ({}, b"[" * 50_000 + b"]", "no JSON"),
        ({"content-type": "application/cloudevents-batch+json"}, b"{}", "a batch is a list"),
    ],
)
def test_what_is_no_json_is_refused_whole(headers, body, says):
    with pytest.raises(Unreadable, match=says):
        list(events(headers, body, queue="q"))


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"specversion": "1.0", "type": "t", "source": "s"}, "id"),
        ({"specversion": "1.0", "type": "t", "source": "s", "id": 7}, "id"),
        ({"specversion": "1.0", "type": "", "source": "s", "id": "1"}, "type"),
        ({"specversion": "0.3", "type": "t", "source": "s", "id": "1"}, "specversion"),
        (
            {"specversion": "1.0", "type": "t", "source": "s", "id": "1", "time": "noon"},
            "time 'noon' cannot be read",
        ),
        (
            {"specversion": "1.0", "type": "t", "source": "s", "id": "1", "time": "2026-03-02T08:00:00"},
            "timezone",
        ),
    ],
)
def test_what_is_no_cloud_event_is_refused_by_its_place(event, says):
    good = {"specversion": "1.0", "type": "t", "source": "s", "id": "1"}
    first, second = events({}, json.dumps([good, event]).encode(), queue="q")
    assert isinstance(first, Arrived)
    assert isinstance(second, Refusal)
    assert second.index == 1
    assert says in second.reason


def test_plain_objects_are_known_by_their_content_or_the_message(small):
    one, two = events({}, b'[{"a": 1}, {"a": 1}]', queue="q")
    assert one == two
    (other,) = events({}, b'{"a": 1}', queue="q", id="m-1")
    assert (other.source, other.id) == ("q", "m-1")


# The API ----------------------------------------------------------------------------------------


@pytest.fixture
def api(small: Room) -> Any:
    runtime = Runtime(small.context.configuration, registry())
    runtime.stores = small.context.stores
    with TestClient(create_api(runtime, "t0ken"), headers={"authorization": "Bearer t0ken"}) as client:
        yield client


def cloud(number: int, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"e{number}", "source": "/shops/1", "type": "order.placed",
        "subject": f"order {number % 2}", "time": f"2026-03-02T08:00:{number:02d}Z",
        "data": {"number": number, "by": {"name": "Ann"}, "timestamp": "own"},
    } | more  # fmt: skip


def test_pushed_cloud_events_become_a_log(api, small):
    answer = api.post(
        "/events?log=shop", json=cloud(0), headers={"content-type": "application/cloudevents+json"}
    )
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "refused": []})
    batch = [cloud(0), cloud(1), cloud(2, id="")]
    answer = api.post(
        "/events?log=shop", json=batch, headers={"content-type": "application/cloudevents-batch+json"}
    )
    found = answer.json()
    assert (answer.status_code, found["accepted"], found["duplicates"]) == (202, 1, 1)
    assert found["refused"][0]["index"] == 2
    headers = {f"ce-{k}": v for k, v in cloud(3).items() if k != "data"} | {
        "content-type": "application/json"
    }
    assert (
        api.post("/events?log=shop", content=json.dumps({"number": 3}), headers=headers).json()["accepted"]
        == 1
    )
    (report,) = deliver(small.context)
    assert (report.cases, report.events, report.activities) == (2, 3, 1)
    rows = sorted(small.rows("event", "shop"), key=lambda row: row["ts"])
    assert [row["case_id"] for row in rows] == ["order 0", "order 1", "order 1"]
    assert {row["activity"] for row in rows} == {"order.placed"}
    assert rows[1]["by.name"] == "Ann"
    assert rows[1]["data.timestamp"] == "own"
    assert rows[1]["event_source"] == "/shops/1"


@pytest.mark.parametrize(
    ("query", "body", "headers", "status", "says"),
    [
        ("?log=x", "{", {}, 400, "no JSON"),
        ("?log=x", "", {}, 400, "no JSON"),
        ("?log=x&source=y", "{}", {}, 400, "exclude each other"),
        ("?log=", "{}", {}, 400, "1 to 200 characters"),
        ("", "{}", {}, 404, "No named source takes pushed events"),
        ("?source=nobody", "{}", {}, 404, "No source called 'nobody'"),
        ("?log=x", "[7]", {}, 400, "an event is a JSON object, not a number"),
        ("?log=x", "[" + "{}," * 10_001 + "{}]", {}, 413, "more than 10,000"),
        ("?log=x", " " * (17 << 20), {}, 413, "bytes"),
        ("?log=x", '{"a": "' + "x" * (2 << 20) + '"}', {}, 400, "at most 1,048,576 characters"),
        ("?log=x", "{}", {"authorization": "Bearer wrong"}, 401, "token"),
        ("?log=x", "{}", {"ce-specversion": "1.0", "ce-id": "1"}, 400, "source"),
    ],
)
def test_what_cannot_be_taken_is_said(api, small, query, body, headers, status, says):
    answer = api.post(f"/events{query}", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert waiting(small) == 0


def test_a_full_queue_says_when_to_come_back(api, small, monkeypatch):
    monkeypatch.setattr(arrival_store.receive, "__kwdefaults__", {"offsets": (), "most": 3})
    assert api.post("/events?log=shop", json=[event(n) for n in range(3)]).status_code == 202
    answer = api.post("/events?log=shop", json=event(4))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"]["code"] == "backlog"
    deliver(small.context)
    assert api.post("/events?log=shop", json=event(4)).status_code == 202


def test_cloud_events_find_their_named_source(api, small):
    now = small.context.clock.now().replace(tzinfo=None)
    with small.context.events.writing() as cursor:
        for name, address, log in (
            ("shops", "push:/shops/*", "shop"),
            ("refunds", "push:/shops/*#*.refunded", "refund"),
        ):
            request = IngestRequest(source=address, log=log, append=True)
            feeds.add(cursor, Feed(name, log, request.model_dump_json(), now))
    answer = api.post(
        "/events", json=[cloud(0), cloud(1, source="/elsewhere"), cloud(2, type="order.refunded")]
    )
    found = answer.json()
    assert found["accepted"] == 2
    assert "no named source takes events of '/elsewhere'" in found["refused"][0]["reason"]
    assert {queue.queue for queue in arrival_store.queues(small.context.state)} == {"refunds", "shops"}


def test_events_are_taken_while_a_load_runs(api, small):
    with small.context.events.writing():  # whoever loads holds the writer's lock
        assert api.post("/events?log=shop", json=event(1)).status_code == 202


def test_requests_that_contradict_themselves_are_refused(small):
    with pytest.raises(UsageError, match="exclude"):
        take(small.context, {}, b"{}", log="a", source="b")
    with pytest.raises(ValueError, match="name dead letters"):
        ChosenLettersRequest()

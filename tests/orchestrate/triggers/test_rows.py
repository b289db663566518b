"""New rows of a real table start runs: each one once, none lost by a failure, and not all at once."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.errors import UsageError
from ingest.named_sources import AddSourceRequest, add_source
from orchestrate.triggers import rows
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.manage import NamedTrigger, pause_trigger, remove_trigger, resume_trigger
from orchestrate.triggers.try_out import TryTriggerRequest, try_trigger
from tests.orchestrate.triggers.conftest import Desk

MINUTE = timedelta(minutes=1)


class Shop:
    """Somebody else's database with a table of orders."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path)
        self._connection.execute("create table orders(id integer primary key, amount text, who text)")
        self._connection.commit()

    def put(self, *amounts: float | str) -> None:
        """Add orders."""
        self._connection.executemany(
            "insert into orders(amount, who) values (?, ?)", [(str(a), "ünï\0x") for a in amounts]
        )
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty shop."""
    made = Shop(tmp_path / "shop.sqlite")
    yield made
    made.close()


HOW = {"table": "orders", "cursor": "id", "set": ("amount=double(data.amount)", "order=data.id")}


def look(desk: Desk) -> None:
    desk.clock.advance(MINUTE)
    desk.beat()


def test_each_new_row_starts_one_run(desk: Desk, shop: Shop) -> None:
    shop.put(1, 2)
    desk.add("shop", "orders", rows=str(shop.path), **HOW)
    desk.beat()
    assert desk.runs() == []  # they were there before
    shop.put(3, 4, 4)
    look(desk)
    assert [(d["amount"], d["order"]) for d in desk.data()] == [(3, "3"), (4, "4"), (4, "5")]
    look(desk)
    first, second = desk.loop(), desk.loop()
    shop.put(5)
    desk.clock.advance(MINUTE)
    for one in (*first.beat(), *second.beat()):
        one.result(timeout=60)
    assert len(desk.runs()) == 4
    shown = desk.show("shop")
    assert (shown.trigger.started, shown.trigger.refused, shown.waiting) == (4, 0, 0)


def test_many_rows_start_no_more_runs_than_may_be_under_way(
    sqlite_desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = sqlite_desk
    monkeypatch.setattr(rows, "MOST", 30)
    desk.add("shop", "orders", rows=str(shop.path), most_open=20, existing=True, **HOW)
    shop.put(*range(70))
    desk.beat()
    assert len(desk.runs()) == 20
    look(desk)
    assert len(desk.runs()) == 20
    seen = 20
    for _ in range(5):
        for run in desk.runs():
            desk.end(run["id"])
        look(desk)
        assert 0 <= len(desk.runs()) - seen <= 20
        seen = len(desk.runs())
    assert sorted(d["amount"] for d in desk.data()) == list(range(70))


def test_a_row_that_cannot_start_a_run_is_kept_apart_with_the_reason(sqlite_desk: Desk, shop: Shop) -> None:
    from ingest.dead_letters import (
        ChosenLettersRequest,
        DeadLettersRequest,
        list_dead_letters,
        retry_dead_letters,
    )

    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), existing=True, **HOW)
    shop.put(1, "twelve", 3)
    desk.beat()
    assert [d["amount"] for d in desk.data()] == [1, 3]
    (letter,) = list_dead_letters(desk.context, DeadLettersRequest()).rows
    assert letter.log == "trigger:shop"
    assert "data.amount" in letter.reason
    assert letter.payload["amount"] == "twelve"
    desk.add(
        "shop", "orders", rows=str(shop.path), existing=True, **(HOW | {"set": ("amount=12",)}), replace=True
    )
    retry_dead_letters(desk.context, ChosenLettersRequest(letter=(letter.id,)))
    look(desk)
    assert [d["amount"] for d in desk.data()] == [1, 3, 12]  # and none of the others again


def test_a_source_that_is_away_is_tried_again_later_and_others_go_on(sqlite_desk: Desk, shop: Shop) -> None:
    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), existing=True, **HOW)
    desk.add("daily", cron="*/1 * * * *")
    shop.put(1)
    shop.close()
    shop.path.rename(shop.path.with_suffix(".away"))
    for _ in range(2):
        look(desk)
    row = desk.show("shop").trigger
    assert row.failures == 2
    assert row.due is not None
    assert row.due > desk.clock.now() + MINUTE  # longer than it is usually looked at
    assert desk.show("daily").trigger.started == 2
    shop.path.with_suffix(".away").rename(shop.path)
    desk.clock.advance(timedelta(hours=1))
    desk.beat()
    row = desk.show("shop").trigger
    assert (row.started, row.failures, row.error) == (1, 0, None)


def test_a_process_that_dies_between_starting_and_letting_go_starts_nothing_twice(
    sqlite_desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest import arrival_store

    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), existing=True, **HOW)
    shop.put(1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(arrival_store, "settle", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        desk.beat()
    assert len(desk.runs()) == 2
    assert desk.show("shop").waiting == 2
    look(desk)
    assert len(desk.runs()) == 2
    assert desk.show("shop").waiting == 0


def test_without_a_cursor_each_key_starts_one_run(sqlite_desk: Desk, tmp_path: Path) -> None:
    desk, file = sqlite_desk, tmp_path / "orders.csv"
    file.write_text("no,amount\n1,10\n2,20\n")
    with pytest.raises(UsageError, match="Nothing tells new rows"):
        desk.add("file", "orders", rows=str(file))
    desk.add("file", "orders", rows=str(file), key="data.no", existing=True)  # numbers as the contract wants
    desk.beat()
    file.write_text("no,amount\n1,10\n2,25\n3,30\n")
    look(desk)
    assert [(run["key"], run["data"]["amount"]) for run in desk.runs()] == [("1", 10), ("2", 20), ("3", 30)]
    assert desk.show("file").trigger.known == 1  # the second order as it is now


def test_a_named_source_lends_how_it_is_read(sqlite_desk: Desk, shop: Shop) -> None:
    desk = sqlite_desk
    mapping = ("case_id=id", "activity=who", "timestamp=amount")
    asked = AddSourceRequest(
        name="erp", log="orders", source=str(shop.path), table="orders", cursor="id", overlap="5", map=mapping
    )
    add_source(desk.context, asked)
    told = desk.add("shop", "orders", rows="erp", existing=True, set=("amount=7",))
    assert told.on["source"] == str(shop.path)
    assert told.on["options"] == {"table": "orders", "overlap": "5"}
    assert told.trigger.occasion == f"new rows of orders in {shop.path}, every 60 s"
    shop.put(1)
    desk.beat()
    assert len(desk.runs()) == 1


def test_a_pause_leaves_rows_where_they_are_and_removing_forgets_what_waits(
    sqlite_desk: Desk, shop: Shop
) -> None:
    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), most_open=1, existing=True, **HOW)
    pause_trigger(desk.context, NamedTrigger(name="shop"))
    shop.put(1, 2, 3)
    look(desk)
    assert desk.runs() == []
    resume_trigger(desk.context, NamedTrigger(name="shop"))
    look(desk)
    assert (len(desk.runs()), desk.show("shop").waiting) == (1, 2)
    remove_trigger(desk.context, NamedTrigger(name="shop"))
    look(desk)
    assert len(desk.runs()) == 1
    left = desk.state.rows("select * from arrival where payload is not null")
    assert left == [] == desk.state.rows("select * from occurrence")


def test_testing_shows_the_next_row_and_writes_nothing(sqlite_desk: Desk, shop: Shop) -> None:
    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), existing=True, **HOW)
    shop.put(41, 42)
    tried = try_trigger(desk.context, TryTriggerRequest(name="shop"))
    assert (tried.outcome, tried.data) == ("started", {"amount": 41, "order": "1"})
    assert desk.runs() == []
    look(desk)
    assert len(desk.runs()) == 2


def test_a_wrong_column_is_said_in_the_list(sqlite_desk: Desk, shop: Shop) -> None:
    sqlite_desk.add("shop", "orders", rows=str(shop.path), **(HOW | {"cursor": "nope"}))
    sqlite_desk.beat()
    assert "nope" in (sqlite_desk.show("shop").trigger.error or "")


def test_a_worker_that_is_told_to_end_lets_another_go_on_at_once(
    sqlite_desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = sqlite_desk
    desk.add("shop", "orders", rows=str(shop.path), existing=True, **HOW)
    shop.put(*range(60))
    whole, ending = Starter.fire_all, desk.loop()

    def fire(starter: Starter, *given: Any, **more: Any) -> Any:
        fired = whole(starter, *given, **more)
        ending._running["shop"].cancel()  # as `stop` does
        return fired

    with monkeypatch.context() as patch:
        patch.setattr(Starter, "fire_all", fire)
        desk.beat(ending)
    assert len(desk.runs()) == 25
    desk.beat(desk.loop())  # the clock stands still
    assert sorted(d["amount"] for d in desk.data()) == list(range(60))

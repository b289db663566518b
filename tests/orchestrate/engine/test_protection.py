"""Protected systems: limits over all workers, a shared breaker, and nobody passed over."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.clock import SettableClock
from home.database import Database
from home.errors import SettingError
from home.limits import SystemLimits, read_limits
from orchestrate.connectors.port import CallFailed, Work
from orchestrate.contracts import Binding, Parallel, Retry, Sequence
from orchestrate.engine.driver import make_driver
from orchestrate.engine.engine import Engine
from orchestrate.engine.memory import MemoryDriver
from orchestrate.engine.places import Asked, enter, leave
from orchestrate.engine.protection import Request, Standing, admit, settle
from orchestrate.engine.statements import on_driver
from tests.orchestrate.engine.schedules import START, a_plan, human, service

ERP = "ERP"
NO_WAIT = Retry(attempts=1, wait_initial=timedelta(0), wait_jitter=timedelta(0))


class Desk:
    """One worker's view of the places at a system, each question a transaction of its own."""

    def __init__(self, database: Database, worker: str, **limits: Any) -> None:
        self.connection = database.raw()
        self.postgres = database.is_postgres
        self.execute = on_driver(self.connection, postgres=self.postgres)
        self.worker, self.limits = worker, SystemLimits(**limits)

    def ask(self, attempt: str, now: float, **fields: Any) -> Any:
        asked = Asked(ERP, attempt, attempt, self.worker, 60.0, **fields)
        return self._in(lambda: enter(self.execute, asked, self.limits, now, postgres=self.postgres))

    def back(self, attempt: str, now: float, well: bool | None = True, error: str = "") -> tuple[str, ...]:
        call = lambda: leave(  # noqa: E731
            self.execute, ERP, attempt, self.limits, now, well=well, error=error, postgres=self.postgres
        )
        found: tuple[str, ...] = self._in(call)
        return found

    def _in(self, work: Callable[[], Any]) -> Any:
        self.execute("begin" if self.postgres else "begin immediate", {})
        found = work()
        self.execute("commit", {})
        return found


@pytest.fixture
def desks(database: Database) -> Iterator[Callable[..., list[Desk]]]:
    made: list[Desk] = []

    def make(**limits: Any) -> list[Desk]:
        made.extend(Desk(database, f"w{n}", **limits) for n in range(2))
        return made

    yield make
    for desk in made:
        desk.connection.close()


def test_a_limit_holds_over_all_workers_and_places_go_in_the_order_of_asking(
    desks: Callable[..., list[Desk]],
) -> None:
    one, two = desks(concurrency=2)
    assert not one.ask("a", START).reason
    assert not two.ask("b", START).reason
    waits = [desk.ask(name, START + n) for n, (desk, name) in enumerate([(two, "c"), (one, "d"), (two, "e")])]
    assert {w.reason for w in waits} == {"a place at system 'ERP' (2 at a time)"}
    assert one.back("a", START + 5) == ("c",), "whoever waits longest is told"
    assert one.ask("d", START + 6).reason, "and nobody passes it"
    assert not two.ask("c", START + 6).reason
    assert two.back("b", START + 7) == ("d",)
    assert not one.ask("d", START + 7).reason


def test_the_place_of_a_call_that_never_comes_back_is_free_after_its_time_limit(
    desks: Callable[..., list[Desk]],
) -> None:
    one, two = desks(concurrency=1)
    assert not one.ask("a", START).reason
    assert two.ask("b", START + 30).reason
    assert not two.ask("b", START + 66).reason


def test_calls_are_spaced_as_the_rate_says_whichever_worker_makes_them(
    desks: Callable[..., list[Desk]],
) -> None:
    one, two = desks(per_minute=120)
    found = [(one, two)[n % 2].ask(f"a{n}", START) for n in range(5)]
    assert [a.begins - START for a in found] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert found[1].reason == "its turn at system 'ERP' (120 a minute)"
    assert one.ask("a1", START + 0.1).begins == START + 0.5, "a turn is kept"
    assert not one.ask("a1", START + 0.5).reason


def test_a_breaker_is_shared_lets_one_try_and_says_once_that_it_opened_and_closed(
    database: Database, desks: Callable[..., list[Desk]]
) -> None:
    one, two = desks(breaker_failures=3, cool_down_s=10)
    for n, desk in enumerate((one, two, one)):
        assert not desk.ask(f"f{n}", START).reason
        desk.back(f"f{n}", START, False, "503")
    kept_out = two.ask("x", START + 1)
    assert (kept_out.is_open, kept_out.until) == (True, START + 10)
    assert one.ask("with another way", START + 1, queues=False).is_open
    assert two.ask("y", START + 1).until > START + 10, "only one is to try"
    assert not two.ask("x", START + 10).reason
    assert one.ask("y", START + 11).is_open
    two.back("x", START + 12, False, "still 503")
    assert one.ask("y", START + 13).until == START + 22
    assert not one.ask("y", START + 22).reason
    told = one.back("y", START + 23)
    assert not two.ask("x2", START + 23).reason
    assert told == ()
    alerts = [(r["kind"], r["message"]) for r in database.rows("select * from alert order by at")]
    assert alerts == [
        ("breaker", "system 'ERP' is called no more, too many calls failed: 503"),
        ("breaker closed", "system 'ERP' answers again"),
    ]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=60), st.integers(1, 4))
def test_a_breaker_never_lets_two_try_and_always_lets_somebody_try_in_the_end(
    calls: list[tuple[bool, float]], failures: int
) -> None:
    limits = SystemLimits(breaker_failures=failures, breaker_share=0.5, breaker_calls=4, cool_down_s=3)
    standing, now = Standing(ERP), START
    for n, (well, pause) in enumerate(calls):
        now += pause
        name = f"a{n}"
        found = admit(limits, standing, Request(name, now, 60.0))
        assert bool(found.reason) == (standing.breaker != "closed" and now < standing.retry_at)
        standing = found.standing
        if found.reason:
            continue
        rival = admit(limits, standing, Request("rival", now, 60.0))
        assert bool(rival.reason) == (standing.breaker == "trying")
        standing = settle(limits, standing, name, now, well=well)
        assert standing.breaker != "trying"
        if well:
            assert standing.breaker == "closed"
    assert not admit(limits, standing, Request("later", now + 100, 60.0)).reason


class Slow:
    """A system that counts who is in it at the same time, and is told when to answer."""

    summary = "Slow."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.now = self.most = self.calls = 0

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.now, self.calls = self.now + 1, self.calls + 1
        self.most = max(self.most, self.now)
        for _ in range(20):
            await asyncio.sleep(0)
        self.now -= 1
        return {}


def test_forty_runs_of_two_workers_share_two_places_and_all_get_one(
    database_url: str, until: Callable[..., Any]
) -> None:
    database, slow = Database(database_url), Slow()
    lanes = Parallel(id="p", children=(service("a", system=ERP), service("b", system=ERP)))
    plan = a_plan(lanes)
    engines = [
        Engine(
            database,
            {"stub": slow},
            driver=make_driver("table", database, name, 8),
            worker=name,
            concurrency=8,
            limits={ERP: SystemLimits(concurrency=2)},
            load=lambda *_: (plan, 1),
        )
        for name in (("w1", "w2") if database.is_postgres else ("w1",))
    ]
    for engine in engines:
        engine.serve()
    for _ in range(20):
        engines[0].start("planted")
    until(lambda: not database.rows("select 1 from run where status = 'open' limit 1"))
    assert (slow.calls, slow.most) == (40, 2)
    until(lambda: not database.rows("select 1 from system_place limit 1"))
    for engine in engines:
        engine.stop()
    database.close()


class Down:
    """A system that does not answer until it is mended."""

    summary = "Down."
    options: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.calls, self.mended = 0, False

    async def call(self, work: Work) -> Mapping[str, Any]:
        self.calls += 1
        if not self.mended:
            raise CallFailed("503 Service Unavailable")
        return {}


def test_an_open_breaker_burns_no_retry_takes_the_other_way_and_says_what_is_waited_for(
    database_url: str,
) -> None:
    database, down, other, clock = Database(database_url), Down(), Slow(), SettableClock()
    first = service("first", system=ERP, retry=NO_WAIT)
    waits = Sequence(id="s", children=(human("go"), service("waits", system=ERP, retry=NO_WAIT)))
    detours = service("detours", system=ERP, retry=NO_WAIT, fallback=Binding(connector="other"))
    plans = {1: a_plan(first), 2: a_plan(waits), 3: a_plan(detours)}
    engine = Engine(
        database,
        {"stub": down, "other": other},
        driver=MemoryDriver(clock),
        clock=clock,
        limits={ERP: SystemLimits(breaker_failures=2, cool_down_s=600)},
        load=lambda _, version: (plans[version or 1], version or 1),
    )
    for _ in range(2):
        engine.start("planted", 1)
    engine.run_until_idle(clock.now())
    waiting, detour = (engine.start("planted", version)[0] for version in (2, 3))
    engine.post(waiting, "decided", {"node": "go"})
    engine.run_until_idle(clock.now())
    assert (down.calls, other.calls) == (2, 1)
    held = database.row("select held, due, status from run where id = :run", {"run": waiting})
    until = clock.now().timestamp() + 600
    assert held == {"held": "system 'ERP' to answer again", "due": until, "status": "open"}
    [went] = database.rows("select resource from journal where node = 'detours' and run = :r", {"r": detour})
    assert went == {"resource": "other"}
    down.mended = True
    clock.advance(timedelta(seconds=601))
    engine.run_until_idle(clock.now())
    found = database.rows("select kind from journal where run = :run order by rev", {"run": waiting})
    assert [row["kind"] for row in found] == ["started", "decided", "succeeded"], "no retry was burnt"
    assert database.rows("select * from system_place") == []
    engine.stop()
    database.close()


def test_settings_of_systems_are_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "baton.toml"
    file.write_text('port = 1\n[systems.ERP]\nconcurrency = 4\nper_second = 2\n[systems."SAP FI"]\n')
    found = read_limits(tmp_path)
    assert (found["ERP"].concurrency, found["ERP"].spacing_s, found["SAP FI"].has_breaker) == (4, 0.5, False)
    for text, said in (
        ("[systems.ERP]\nconcurency = 4\n", r"\[systems.ERP\], 'concurency': there is no such setting"),
        ("[systems.ERP]\nconcurrency = 0\n", r"\[systems.ERP\], 'concurrency': .* \(found 0\)"),
        ("[systems]\nERP = 4\n", r"\[systems.ERP\], 'systems': .*dictionary"),
    ):
        file.write_text(text)
        with pytest.raises(SettingError, match=said):
            read_limits(tmp_path)

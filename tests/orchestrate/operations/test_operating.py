"""Operating many runs: pages, filters, stuck runs, protected systems, a bounded backlog, retention."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.clock import SettableClock
from home.context import Context
from home.contracts import Nothing
from home.errors import NotFound, Refused, UsageError
from home.limits import SystemLimits
from home.settings import Configuration, configure
from home.show_settings import show_settings
from orchestrate.contracts import Sequence
from orchestrate.engine.backlog import TooMany
from orchestrate.engine.places import Asked, enter, leave
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.plans.publish import publish_plan
from orchestrate.records.audit import VerifyRequest, verify
from orchestrate.records.retention import RetentionRequest, retention
from orchestrate.runs.release import ReleaseRequest, release
from orchestrate.runs.shown import RunsRequest, ShowRequest, runs, show
from orchestrate.runs.start_run import StartRequest, start
from orchestrate.watching.systems import ResetRequest, reset, systems

from .plans import plan_of, step

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where the two databases do not differ."""


@pytest.fixture
def published(context: Context) -> Context:
    body = Sequence(id="all", children=(step("enter"), step("ship", system="WMS")))
    publish_plan(context, plan_of(body, priority="high"))
    return context


def begin(context: Context, **more: Any) -> str:
    return start(context, StartRequest.model_validate({"plan": "orders", **more})).run


def listed(context: Context, **fields: Any) -> list[str]:
    return [row.run for row in runs(context, RunsRequest(**fields)).rows]


@on_sqlite
def test_pages_are_stable_while_runs_begin_and_name_where_to_go_on(
    published: Context, clock: SettableClock
) -> None:
    made = []
    for _ in range(7):
        clock.advance(timedelta(seconds=1))
        made.append(begin(published))
    page = runs(published, RunsRequest(limit=3))
    clock.advance(timedelta(seconds=1))
    begin(published)
    seen = [row.run for row in page.rows]
    while page.next:
        page = runs(published, RunsRequest(limit=3, after=page.next))
        seen += [row.run for row in page.rows]
    assert seen == made[::-1]
    assert (page.more, page.next) == (False, None)


def test_runs_are_found_by_key_by_what_they_wait_for_and_by_system(
    published: Context, clock: SettableClock
) -> None:
    first = begin(published, key="PO-17")
    clock.advance(timedelta(seconds=1))
    second = begin(published, key="po_18", priority="low")
    assert listed(published, search="po-1") == [first]
    assert listed(published, search="O_1") == [second], "what a pattern would read as any character"
    assert listed(published, search=first[4:]) == [first]
    assert listed(published, waits_on="person", limit=1) == [second]
    assert listed(published, waits_on="system") == []
    assert listed(published, system="WMS") == []
    state = json.loads(
        (published.state.row("select state from run where id = :r", {"r": first}) or {})["state"]
    )
    state["open"]["all"]["at"] = 1
    state["open"]["ship"] = {"visit": 1, "enabled": 0.0, "phase": "ready", "attempt": 1, "timers": {}}
    del state["open"]["enter"]
    held = "a place at system 'WMS' (1 at a time)"
    published.state.execute(
        "update run set state = :s, held = :h, due = :d where id = :r",
        {"s": json.dumps(state), "h": held, "d": clock.now().timestamp() + 30, "r": first},
    )
    published.state.execute("update task set status = 'closed' where run = :r", {"r": first})
    assert listed(published, system="WMS") == [first]
    [row] = runs(published, RunsRequest(waits_on="system")).rows
    assert (row.waiting_for, row.systems, row.priority) == (held, ["WMS"], "high")
    assert row.due is not None
    assert listed(published, waits_on="person") == [second]


@on_sqlite
def test_a_journal_is_read_page_by_page(published: Context) -> None:
    run = begin(published)
    published.state.execute(
        "insert into journal(run, rev, at, kind, event, fence, outcome) values"
        " (:r, 2, 0, 'migrated', '{}', 0, '1 → 2'), (:r, 3, 0, 'migrated', '{}', 0, '2 → 1')",
        {"r": run},
    )
    page = show(published, ShowRequest(run=run, limit=2))
    assert ([e.rev for e in page.journal], page.next) == ([1, 2], 2)
    rest = show(published, ShowRequest(run=run, after=page.next or 0))
    assert ([e.rev for e in rest.journal], rest.next) == ([3], None)


@on_sqlite
def test_a_stuck_run_is_shown_as_such_and_released_once(published: Context) -> None:
    run = begin(published)
    published.state.execute("update run set stuck = 'it broke', recoveries = 5, due = null")
    [row] = runs(published, RunsRequest(state="stuck")).rows
    assert (row.run, row.state, row.waits_on) == (run, "stuck", ["release"])
    assert row.waiting_for == "somebody to release it: it broke"
    assert release(published, ReleaseRequest(run=run, reason="mended")).was == "it broke"
    [kept] = published.state.rows("select stuck, recoveries, due from run")
    assert kept == {"stuck": None, "recoveries": 0, "due": 0.0}
    with pytest.raises(Refused, match="is not stuck"):
        release(published, ReleaseRequest(run=run))
    assert listed(published, state="stuck") == []


def test_systems_are_listed_with_their_breakers_and_one_is_closed_by_hand(
    published: Context, clock: SettableClock
) -> None:
    assert next(systems(published, Nothing()).lines()).startswith("No system is protected.")
    published.home.mkdir(exist_ok=True)
    (published.home / "baton.toml").write_text(
        "[systems.ERP]\nconcurrency = 2\nbreaker_failures = 1\n[systems.WMS]\nper_minute = 30\n"
    )
    limits, now = SystemLimits(concurrency=2, breaker_failures=1), clock.now().timestamp()
    run = begin(published)
    published.state.execute("update run set due = :d", {"d": now + 99})
    with published.state.transaction() as connection:
        execute, postgres = on_sqlalchemy(connection), published.state.is_postgres
        ask = lambda name: enter(  # noqa: E731
            execute, Asked("ERP", name, run, "w", 60), limits, now, postgres=postgres
        )
        ask("a"), ask("b")
        leave(execute, "ERP", "a", limits, now, well=False, error="503", postgres=postgres)
        ask("c")
    erp, wms = systems(published, Nothing()).rows
    assert (erp.breaker, erp.busy, erp.waiting, erp.openings, erp.error) == ("open", 1, 1, 1, "503")
    assert erp.limits == "2 at a time, opens after 1 failures in a row, tries again after 30 s"
    assert (wms.breaker, wms.limits) == ("none", "30 a minute")
    closed = reset(published, ResetRequest(system="ERP", by="bob"))
    assert (closed.was, closed.told) == ("open", 1)
    assert systems(published, Nothing()).rows[0].breaker == "closed"
    assert published.state.row("select due from run") == {"due": 0.0}
    kinds = [row["kind"] for row in published.state.rows("select kind from alert order by kind")]
    assert kinds == ["breaker", "breaker closed"]
    with pytest.raises(NotFound, match="No system called 'EPR'"):
        reset(published, ResetRequest(system="EPR"))
    configured = Context(configure({"home": published.home}, {}), published.stores)
    shown = {s.setting: (s.value, s.origin) for s in show_settings(configured, Nothing()).settings}
    file = str(published.home / "baton.toml")
    assert shown["systems.ERP.concurrency"] == ("2", file)
    assert shown["systems.ERP.cool_down_s"] == ("30.0", "default")


@on_sqlite
def test_beyond_the_backlog_nothing_is_started_and_the_refusal_says_when_to_come_again(
    published: Context, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrate.engine.backlog.COUNTED_EVERY_S", -1.0)
    few = published.settings.model_copy(update={"run_backlog": 2})
    context = Context(Configuration(few, {}), published.stores, clock=clock, actor="ada")
    for _ in range(2):
        begin(context)
    published.state.execute("update run set due = 0")
    with pytest.raises(TooMany, match="2 runs wait for a worker already") as refused:
        begin(context)
    assert (refused.value.code, refused.value.retryable) == ("too_many", True)
    published.state.execute("update run set due = null where id = (select min(id) from run)")
    begin(context)


def test_old_runs_are_archived_and_purged_and_the_audit_stays_whole(
    published: Context, clock: SettableClock
) -> None:
    old, young, running = (begin(published, key=key) for key in ("old", "young", "running"))
    now = clock.now().timestamp()
    for run, days in ((old, 40), (young, 5)):
        published.state.execute(
            "update run set status = 'done', ended = :e where id = :r", {"e": now - days * 86400, "r": run}
        )
    published.state.execute(
        "insert into comment(task, n, at, who, body) values (:t, 1, 0, 'ada', 'seen')", {"t": f"{old}.1"}
    )
    before = verify(published, VerifyRequest()).rows
    with pytest.raises(UsageError, match="How long are runs kept"):
        retention(published, RetentionRequest())
    planned = retention(published, RetentionRequest(days=30, dry_run=True))
    assert (planned.runs, planned.rows) == (1, {"comment": 1, "journal": 1, "run": 1, "task": 1})
    assert set(listed(published)) == {old, young, running}
    done = retention(published, RetentionRequest(days=30, by="ada"))
    assert (done.rows, done.runs) == (planned.rows, 1)
    assert set(listed(published)) == {young, running}
    with gzip.open(Path(str(done.archive)), "rt") as file:
        [kept] = [json.loads(line) for line in file]
    assert (kept["format"], kept["run"]["key"], kept["comment"][0]["body"]) == (1, "old", "seen")
    assert [entry["kind"] for entry in kept["journal"]] == ["started"]
    assert verify(published, VerifyRequest()).rows == before + 1
    assert retention(published, RetentionRequest(days=30)).runs == 0
    assert begin(published, key="old") != old

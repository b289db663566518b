"""Named sources: what they keep and what never, when they are due, and the service that pulls them."""

import json
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from home.clock import SettableClock
from home.context import Context
from home.errors import BatonError, NotFound, Refused, UsageError
from ingest import feeds, pull
from ingest.contracts import LogRequest, Nothing
from ingest.logs import drop_log, list_logs
from ingest.named_sources import (
    AddSourceRequest,
    NamedSource,
    SourcesRequest,
    add_source,
    list_sources,
    remove_source,
    show_source,
)
from ingest.pull import PullFailed, PullRequest
from ingest.schedule import Scheduler

CSV = "case_id,activity,timestamp\n1,a,2026-01-01\n1,b,2026-01-02\n"


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def home(room, clock):
    """The room with a clock that is set, and three words for the commands."""
    room.context = Context(room.context.configuration, room.context.stores, clock=clock, actor="tester")
    room.add = lambda name, source, **options: add_source(
        room.context, AddSourceRequest(name=name, source=str(source), **{"log": "orders", **options})
    )
    room.pull = lambda name: pull.pull(room.context, PullRequest(name=name)).rows[0]
    room.state = lambda name: next(
        row for row in list_sources(room.context, SourcesRequest()).rows if row.source == name
    )
    return room


SECRETS = [
    "postgresql://me:s3cret@host/db",
    "postgresql://me:s3@cret/x@host/db",
    "postgresql://host/db?user=me&password=s3cret",
    "https://host/api?api_key=s3cret",
    "https://host/api?access_token=s3cret",
    "mysql://me:s3[cret@host/db",
    "amqp://me:s3cret@host/",
]


@pytest.mark.parametrize("source", SECRETS)
def test_no_password_is_kept(home, source):
    with pytest.raises(UsageError) as caught:
        home.add("erp", source)
    assert "env:" in caught.value.hint
    assert "s3" not in caught.value.message + caught.value.hint
    assert list_sources(home.context, SourcesRequest()).rows == ()


def test_a_reference_is_kept_and_not_what_it_leads_to(home, monkeypatch):
    with pytest.raises(UsageError, match="ERP_URL"):
        home.add("erp", "env:ERP_URL")
    monkeypatch.setenv("ERP_URL", "postgresql://me:s3cret@host/db")
    home.add("erp", "env:ERP_URL", table="orders")
    assert home.state("erp").reads == "env:ERP_URL"
    with home.context.events.cursor() as cursor:
        assert "s3cret" not in str(cursor.execute("select * from feed").fetchall())


def test_a_mapping_is_kept_by_its_text(home):
    file = home.file("orders.csv", "Order,Step,At\n1,a,2026-01-01\n")
    text = '# ours\n[map]\ncase_id = "Order"\nactivity = "Step"\ntimestamp = "At"\n'
    mapping = home.file("m.toml", text)
    home.add("exports", file, mapping=str(mapping))
    mapping.unlink()
    assert home.pull("exports").loaded == 1
    shown = show_source(home.context, NamedSource(name="exports"))
    assert shown.mapping == text
    assert "# ours" in "\n".join(shown.lines())
    with pytest.raises(UsageError, match=r"m\.toml"):
        home.add("other", file, mapping=str(home.file("m.toml", "[mapp]")))


def test_names_are_taken_once_and_found_by_their_nearest(home):
    file = home.file("orders.csv", CSV)
    home.add("exports", file)
    with pytest.raises(UsageError, match="already"):
        home.add("exports", file)
    with pytest.raises(NotFound) as caught:
        home.pull("export")
    assert "'exports'" in caught.value.hint
    with pytest.raises(NotFound):
        home.add("no", "no-such-file.csv")
    with pytest.raises(UsageError, match="extends"):
        home.add("no", file, replace=True)
    for every in ("15", "m", "-1m", "0s", "0.2s", "fortnight"):
        with pytest.raises(ValueError, match=r"length of time|once a second"):
            AddSourceRequest(name="n", source="x", log="l", every=every)


def test_a_relative_path_is_meant_where_it_is_typed(home, monkeypatch):
    home.file("orders.csv", CSV)
    monkeypatch.chdir(home.folder)
    home.add("exports", "orders.csv")
    monkeypatch.chdir("/")
    assert home.pull("exports").loaded == 2


def test_a_file_that_changed_takes_its_own_place_and_nobody_elses(home):
    one, two = home.file("one.csv", CSV), home.file("two.csv", "case_id,activity,timestamp\n9,z,2026-02-01\n")
    home.add("one", one)
    home.add("two", two)
    home.pull("one")
    assert home.pull("two").events == 3
    assert home.pull("one").message.endswith("nothing changed.")
    one.write_text(CSV + "2,c,2026-01-03\n")
    assert home.pull("one").events == 4
    one.write_text("case_id,activity,timestamp\n7,q,2026-01-03\n")
    row = home.pull("one")
    assert (row.loaded, row.events, row.cases) == (1, 2, 2)
    assert {r["case_id"] for r in home.rows("cv")} == {"7", "9"}
    assert {r["activity"] for r in home.rows("event")} == {"q", "z"}
    assert len(home.query("select * from source")) == 2
    assert home.state("one").loaded == 1


def test_two_sources_with_the_same_content_do_not_take_each_others_place(home):
    one, two = home.file("one.csv", CSV), home.file("two.csv", CSV)
    home.add("one", one)
    home.add("two", two)
    assert home.pull("one").events == 2
    assert home.pull("two").events == 2  # the same rows are not loaded twice
    one.write_text("case_id,activity,timestamp\n7,q,2026-01-03\n")
    assert home.pull("one").events == 1
    assert home.pull("two").events == 3  # they were the one's; now they are the two's
    two.write_text("case_id,activity,timestamp\n8,r,2026-01-04\n")
    assert home.pull("two").events == 2
    assert {r["case_id"] for r in home.rows("cv")} == {"7", "8"}


def test_a_log_that_is_dropped_while_a_source_is_read_gets_nothing_of_it(home, monkeypatch):
    import sqlite3

    from ingest.loading import Loading

    path = home.folder / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(id integer, case_id, activity, timestamp)")
        connection.execute("insert into t values (1, 'c', 'a', '2026-01-01')")
        connection.commit()
        home.add("erp", path, table="t", cursor="id")
        home.pull("erp")
        connection.execute("insert into t values (2, 'c', 'b', '2026-01-02')")
        connection.commit()
    connection.close()
    really = Loading.run

    def dropped_before(self, folder, manifest):
        drop_log(home.context, LogRequest(log="orders"))
        return really(self, folder, manifest)

    with monkeypatch.context() as patch:
        patch.setattr(Loading, "run", dropped_before)
        with pytest.raises(Refused, match="while it was read"):
            home.pull("erp")
    assert list_logs(home.context, Nothing()).rows == ()
    assert home.pull("erp").events == 2


def test_content_that_was_loaded_by_hand_is_not_loaded_twice(home):
    file = home.file("orders.csv", CSV)
    home.load(file)
    home.add("exports", file)
    assert home.pull("exports").events == 2
    file.write_text(CSV + "2,c,2026-01-03\n")
    assert home.pull("exports").events == 3


def test_a_log_that_was_dropped_or_replaced_is_read_from_the_beginning(home):
    import sqlite3

    path = home.folder / "erp.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(id integer, case_id, activity, timestamp)")
        connection.execute("insert into t values (1, 'c', 'a', '2026-01-01'), (2, 'c', 'b', '2026-01-02')")
    connection.close()
    home.add("erp", path, table="t", cursor="id")
    assert home.pull("erp").events == 2
    assert home.pull("erp").seen == 0
    drop_log(home.context, LogRequest(log="orders"))
    assert home.pull("erp").events == 2
    home.load(home.file("orders.csv", CSV), replace=True)
    assert home.pull("erp").events == 4


def test_removing_a_source_keeps_its_events(home):
    home.add("exports", home.file("orders.csv", CSV))
    home.pull("exports")
    said = remove_source(home.context, NamedSource(name="exports"))
    assert "2 events stay" in said.message
    assert len(home.rows("event")) == 2
    assert list_sources(home.context, SourcesRequest()).rows == ()


def test_logs_say_how_fresh_their_sources_are(home, clock):
    file = home.file("orders.csv", CSV)
    home.add("exports", file)
    home.pull("exports")
    first = clock.now()
    clock.advance(timedelta(hours=1))
    home.pull("exports")
    (log,) = list_logs(home.context, Nothing()).rows
    assert log.fresh_at == clock.now().replace(tzinfo=None) != first
    assert [(s.source, s.status) for s in log.sources] == [("exports", "ok")]
    file.write_text("not a log")
    clock.advance(timedelta(hours=1))
    with pytest.raises(BatonError):
        home.pull("exports")
    (log,) = list_logs(home.context, Nothing()).rows
    assert log.fresh_at == (clock.now() - timedelta(hours=1)).replace(tzinfo=None)
    assert [s.status for s in log.sources] == ["reject"]
    assert len(home.rows("event")) == 2


def test_one_source_that_fails_does_not_keep_the_others(home):
    good, bad = home.file("good.csv", CSV), home.file("bad.csv", CSV)
    home.add("bad", bad)
    home.add("good", good)
    bad.unlink()
    with pytest.raises(PullFailed) as caught:
        pull.pull(home.context, PullRequest(all=True))
    assert [(row.source, row.status) for row in caught.value.report.rows] == [
        ("bad", "failed"),
        ("good", "ok"),
    ]
    assert caught.value.exit_code == 1
    assert home.state("bad").failures == 1
    assert home.state("good").failures == 0


def test_a_source_is_not_pulled_twice_at_once(home, monkeypatch):
    home.add("exports", home.file("orders.csv", CSV))
    inside, go_on = threading.Event(), threading.Event()
    really = pull.load

    def slowly(*arguments, **named):
        inside.set()
        assert go_on.wait(20)
        return really(*arguments, **named)

    monkeypatch.setattr(pull, "load", slowly)
    first = threading.Thread(target=home.pull, args=["exports"])
    first.start()
    assert inside.wait(20)
    with pytest.raises(Refused, match="exports"):
        home.pull("exports")
    go_on.set()
    first.join()
    assert home.state("exports").failures == 0
    assert len(home.rows("event")) == 2


def test_every_goes_on_until_it_is_cancelled(home, monkeypatch):
    from home.errors import Cancelled
    from home.jobs import Job

    file = home.file("orders.csv", CSV)
    home.add("exports", file)
    seen = []

    def told(_fraction, message):
        if "loaded into" in message or "nothing changed" in message:
            seen.append(message)
            file.write_text(CSV + "".join(f"{n},c,2026-01-03\n" for n in range(len(seen))))
        if len(seen) == 3:
            job.cancel()

    job = Job("pull", told)
    context = Context(home.context.configuration, home.context.stores, job=job)
    monkeypatch.setattr(pull, "CHECK_S", 0.01)
    with pytest.raises(Cancelled):
        pull.pull(context, PullRequest(name="exports", every="0.01s"))
    assert len(seen) == 3
    assert len(home.rows("event")) == 4


def test_the_service_pulls_what_is_due_and_waits_longer_after_failures(home, clock):
    file = home.file("orders.csv", CSV)
    home.add("exports", file, every="10m")
    home.add("by-hand", file, log="other")

    def beat():
        scheduler = Scheduler(
            lambda **more: Context(home.context.configuration, home.context.stores, clock=clock, **more)
        )
        scheduler.beat()
        scheduler.stop(cancel=False)
        return home.state("exports")

    began = clock.now().replace(tzinfo=None)
    assert beat().due_at == began + timedelta(minutes=10)
    assert len(home.rows("event")) == 2
    assert home.state("by-hand").status == "never"
    file.write_text(CSV + "2,c,2026-01-03\n")
    clock.advance(timedelta(minutes=9))
    assert beat().loaded == 2
    clock.advance(timedelta(minutes=1))
    assert beat().loaded == 3
    file.unlink()
    waits = []
    for failures in range(1, 6):
        clock.set(home.state("exports").due_at.replace(tzinfo=clock.now().tzinfo))
        state = beat()
        assert (state.status, state.failures) == ("failed", failures)
        assert "orders.csv" in state.message
        waits.append((state.due_at - clock.now().replace(tzinfo=None)).total_seconds() / 60)
    assert waits == [10, 20, 40, 60, 60]
    file.write_text(CSV)
    clock.set(home.state("exports").due_at.replace(tzinfo=clock.now().tzinfo))
    assert (beat().failures, beat().status) == (0, "ok")


@given(some.integers(1, 60), some.floats(1, 1e7))
def test_no_wait_is_shorter_than_asked_or_grows_without_end(failures, every_s):
    wait = feeds.wait_after(failures, every_s).total_seconds()
    assert every_s - 1e-6 <= wait <= max(every_s, 3600) + 1e-6


def test_the_command_line_takes_names_of_two_words(baton, tmp_path):
    (tmp_path / "orders.csv").write_text(CSV)
    added = baton(
        "source", "add", "exports", tmp_path / "orders.csv", "--log", "orders", "--every", "15m", "--json"
    )
    assert added.json["source"] == "exports"
    (row,) = baton("pull", "exports", "--json").json["rows"]
    assert (row["loaded"], row["events"]) == (2, 2)
    assert "exports  orders" in baton("source", "list").out
    assert json.loads(baton("source", "list", "--json").out)["rows"][0]["every_s"] == 900
    assert "exports ok" in baton("logs").out
    assert "exports" in baton("source", "show", "exports").out
    assert baton("pull", check=2).err
    (tmp_path / "orders.csv").unlink()
    failed = baton("pull", "--all", "--json", check=1)
    assert failed.json["rows"][0]["status"] == "failed"
    assert baton("source", "remove", "exports").out

"""A load that needs too much, is cancelled or meets a full disk says so, and leaves the home as it was."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from home.context import Context
from home.errors import Cancelled
from home.jobs import Job
from home.scratch import sweep, working_folder
from ingest.contracts import IngestRequest
from ingest.errors import IngestError
from ingest.load import ingest
from ingest.reading import readers
from tests.conftest import ROOT, hears_ctrl_c
from tests.ingest.conftest import Room
from tests.ingest.hostile.making import CSV, HEAD


def bounded(room: Room, job: Job | None = None, **settings: object) -> Context:
    """A context on the room's stores with other settings."""
    changed = room.context.settings.model_copy(update=settings)
    context = Context(room.context.configuration, room.context.stores, actor="tester", job=job)
    context.settings = changed
    return context


def large(room: Room, rows: int = 400_000) -> str:
    """The path of a file that takes a while."""
    lines = (f"c{i // 9},step {i % 9},2026-01-01T{i % 24:02d}:{i % 60:02d}:00Z,r{i % 7}" for i in range(rows))
    return str(room.file("large.csv", HEAD + "\n".join(lines) + "\n"))


def assert_untouched(room: Room) -> None:
    assert room.load(room.file("after.csv", CSV), "after").loaded == 9
    with room.context.events.cursor() as cursor:
        assert cursor.execute("select name from log").fetchall() == [("after",)]
    assert not list((room.folder / "home" / "tmp").glob("work-*"))


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"read_memory_bytes": 150 * 2**20}, "memory"), ({"read_deadline_s": 0.05}, "longer")],
)
def test_what_needs_too_much_is_rejected_by_its_limit(room, settings, word):
    context = bounded(room, **settings)
    with pytest.raises(IngestError) as caught:
        ingest(context, IngestRequest(source=large(room), log="orders"))
    report = caught.value.report
    assert (report.status, report.findings[0].code) == ("reject", "limit")
    assert word in report.message
    assert next(iter(settings)) in report.hint
    assert_untouched(room)


def test_a_reader_that_crashes_does_not_take_the_service_with_it(room, silent_server):
    """The child is shot while it waits for an answer that does not come."""
    settings = room.context.settings
    room.load(room.file("warm.csv", CSV), "warm")
    (child,) = readers(settings.read_memory_bytes, settings.read_deadline_s)._idle[-1:]

    def shoot() -> None:
        silent_server.accept()
        child.process.send_signal(signal.SIGSEGV)

    threading.Thread(target=shoot).start()
    report = room.rejected(f"postgresql://u@127.0.0.1:{silent_server.getsockname()[1]}/db", table="events")
    assert "SIGSEGV" in report.message
    assert "limit" in report.message
    assert room.load(room.file("after.csv", CSV), "after").loaded == 9


@pytest.mark.parametrize("stage", ["reading", "laying out"])
def test_cancelling_ends_a_load_at_once(room, stage):
    job = Job()

    def report(fraction: float | None, message: str) -> None:
        if message.startswith(stage):
            threading.Timer(0.01, job.cancel).start()

    job._report = report
    context = bounded(room, job)
    with pytest.raises(Cancelled):
        ingest(context, IngestRequest(source=large(room), log="orders"))
    assert_untouched(room)


def test_ctrl_c_in_the_middle_of_a_query_ends_a_load_in_one_line(room, tmp_path):
    home = tmp_path / "other"
    file = large(room, 1_500_000)
    command = [sys.executable, "-m", "baton", "--home", str(home), "ingest", file, "--log", "orders"]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hears_ctrl_c
    )
    store = home / "events.duckdb"
    while process.poll() is None and not (store.exists() and store.stat().st_size > 2**20):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr.read().decode() == "Error: Cancelled. Nothing half-done was kept.\n"
    assert process.wait() == 130


def test_progress_is_a_real_share_that_only_grows(room):
    told: list[tuple[float | None, str]] = []
    job = Job(report=lambda fraction, message: told.append((fraction, message)))
    ingest(bounded(room, job), IngestRequest(source=large(room, 1_500_000), log="orders"))
    shares = [fraction for fraction, _ in told if fraction is not None]
    assert shares == sorted(shares)
    assert {message.partition(" ")[0] for _, message in told} >= {"opening", "reading", "casting", "laying"}
    assert any(0 < fraction < 0.6 for fraction in shares)


def test_a_full_disk_is_named(room, tmp_path):
    """Files may not grow beyond a megabyte, which a program meets like a full disk."""
    dice = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ("".join(dice[hash((i, k)) % 36] for k in range(40)) for i in range(60_000))
    noise = (f"c{i},{word},2026-01-01,r" for i, word in enumerate(words))
    path = room.file("a.csv", HEAD + "\n".join(noise) + "\n")
    home = tmp_path / "small-disk"
    command = [sys.executable, "-m", "baton", "--home", str(home), "--json", "ingest"]
    small = room.file("small.csv", CSV)
    subprocess.run([*command, str(small), "--log", "small"], check=True, cwd=ROOT, capture_output=True)
    done = subprocess.run(
        [*command, str(path), "--log", "large"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)),
    )
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)["error"]
    assert "full" in error["message"]
    assert "Make room" in error["hint"]
    assert not list((home / "tmp").glob("work-*"))


def test_a_file_that_may_not_be_read_is_named(room):
    path = room.file("a.csv", CSV)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(IngestError, match=r"a\.csv could not be loaded: Permission denied"):
        room.load(path)


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    left = tmp_path / "tmp" / "work-of-another" / "deep"
    left.mkdir(parents=True)
    (tmp_path / "tmp" / "duckdb_temp_storage-1.tmp").write_text("x")
    with working_folder(tmp_path) as ours:
        sweep(tmp_path)
        assert ours.is_dir()
        assert [entry.name for entry in (tmp_path / "tmp").iterdir()] == [ours.name]
    assert not ours.exists()

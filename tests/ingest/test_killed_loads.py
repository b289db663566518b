"""kill -9 at any moment of a load leaves all of it or nothing, and running it again loads it once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import psutil
import pytest

from tests.conftest import ROOT

ROUNDS = int(os.environ.get("BATON_TEST_KILLS", "6"))
CASES = 400
HEAD = "case_id,activity,timestamp,resource\n"
MOMENTS = ("starting", "opened", "reading", "read", "writing")
"""Where a load is killed: the last of these that had happened."""


def source(folder: Path, number: int) -> Path:
    """A file whose cases are its own, but for every tenth, which all files share."""
    path = folder / f"part-{number}.csv"
    cases = [f"c{c}" if c % 10 == 0 else f"c{number}-{c}" for c in range(CASES)]
    day = f"2026-01-{number % 28 + 1:02d}"
    rows = (f"{case},step {s},{day}T{s:02d}:00:00Z,r{s % 7}" for case in cases for s in range(8))
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def start(home: Path, path: Path | str, *options: str) -> subprocess.Popen[bytes]:
    """`baton ingest` in a process group of its own, with the child that reads for it."""
    command = [sys.executable, "-m", "baton", "--home", str(home), "ingest", str(path), "--log", "orders"]
    return subprocess.Popen(
        [*command, "--append", *options],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def moment(home: Path, store: tuple[int, ...]) -> str:
    """How far a load has come, told by what lies in the home folder; `store` is how it looked before."""
    if stored(home) != store:
        return "writing"
    try:
        working = list((home / "tmp").glob("work-*"))
        spool = [file.stat().st_size for folder in working for file in folder.glob("events-*.parquet")]
    except FileNotFoundError:  # it is being removed, which only follows reading
        return "read"
    if not working:
        return "starting"
    return "opened" if not spool else "reading" if spool[0] < 1000 else "read"


def stored(home: Path) -> tuple[int, ...]:
    """Sizes of the event store's files."""
    found = []
    for name in ("events.duckdb", "events.duckdb.wal"):
        try:
            found.append((home / name).stat().st_size)
        except FileNotFoundError:
            found.append(0)
    return tuple(found)


def kill_at(process: subprocess.Popen[bytes], home: Path, wanted: str, delay: float) -> str:
    """Kill the whole group `delay` seconds after it came to a moment; the moment that was, or "done"."""
    store = stored(home)
    while process.poll() is None and MOMENTS.index(moment(home, store)) < MOMENTS.index(wanted):
        time.sleep(0.0005)
    until = time.perf_counter() + delay
    while process.poll() is None and time.perf_counter() < until:
        time.sleep(0.0005)
    if process.poll() is not None:
        return "done"
    reached = moment(home, store)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return reached


def loaded(home: Path) -> list[str]:
    """The sources that the log holds, each whole and in every table; nothing else is in the home."""
    with duckdb.connect(str(home / "events.duckdb")) as store:
        ((schema, events),) = store.execute("select schema, events from log where name = 'orders'").fetchall()
        schemas = {s for (s,) in store.execute("select distinct schema_name from duckdb_tables()").fetchall()}
        assert schemas == {"main", schema}
        store.execute(f'set schema = "{schema}"')
        names, seen = store.execute("select list(name order by id), sum(loaded) from source").fetchone()
        assert store.execute("select count(*), count(distinct n) from event").fetchone() == (seen, seen)
        per_source = store.execute("select count(*) from event group by source").fetchall()
        assert per_source == [(CASES * 8,)] * len(names)
        counts = store.execute("select (select count(*) from instance), (select sum(n) from cv)").fetchone()
        assert counts == (seen, seen)
        assert events == seen
        assert len(set(names)) == len(names)
        return names


@pytest.mark.chaos
def test_a_load_killed_at_any_moment_leaves_all_or_nothing(tmp_path):
    home, dice, killed = tmp_path / "home", random.Random(11), Counter()
    parts = [source(tmp_path, number) for number in range(ROUNDS + 1)]
    assert start(home, parts[0]).wait() == 0
    done = loaded(home)
    for number in range(ROUNDS):
        part = parts[len(done)]
        process = start(home, part)
        wanted = MOMENTS[1 + number % (len(MOMENTS) - 1)]
        reached = kill_at(process, home, wanted, dice.choice((0, 0.002, 0.01, 0.03)) * dice.random())
        errors = process.stderr.read().decode()
        assert "Error" not in errors, errors
        killed[reached] += 1
        before, done = done, loaded(home)
        assert done in (before, [*before, part.name]), reached
        if reached == "done":
            assert done != before
        elif reached != "writing":
            assert done == before, reached
    assert killed["opened"] + killed["reading"] + killed["read"] >= ROUNDS / 5, killed
    assert killed["writing"] >= ROUNDS / 20, killed
    missing = parts[len(done)]
    assert start(home, missing).wait() == 0
    assert start(home, missing).wait() == 0
    assert loaded(home) == [*done, missing.name]
    assert not [entry for entry in (home / "tmp").iterdir() if entry.name.startswith("work-")]


@pytest.mark.chaos
def test_the_reader_ends_with_the_process_it_reads_for(tmp_path, silent_server):
    """Only the parent is killed, as the kernel kills what takes too much memory."""
    address = f"postgresql://u@127.0.0.1:{silent_server.getsockname()[1]}/db"
    process = start(tmp_path / "home", address, "--table", "events")
    silent_server.accept()
    children = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone
    assert not alive

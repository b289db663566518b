"""Sound files are damaged: each reader refuses by name, or reads; it never falls over, and never hangs.

The suite damages a little, the same way every time. `BATON_TEST_FUZZ=20000` hunts: so many damages per
kind of file, other ones each time; a failure names the seed that makes it come again.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from home.errors import BatonError
from ingest.adapter import ROW, TRACE, Limits, Options
from ingest.decode import opened
from ingest.errors import Rejected
from ingest.registry import choose
from tests.ingest import object_log, workbooks
from tests.ingest.conftest import Room
from tests.ingest.hostile.corpus import CORPUS
from tests.ingest.hostile.making import CSV, XES, event, gz, record, trace, xes, zipped
from tests.ingest.hostile.mutate import mutated
from tests.ingest.hostile.tables import parquet, sqlite, typed

HUNT = int(os.environ.get("BATON_TEST_FUZZ", "0"))
ROUNDS = HUNT or 60
LOADS = HUNT // 20 or 8
FIRST = time.time_ns() // 10**6 % 10**9 * 1000 if HUNT else 0
READERS = ("table", "records", "encoding", "delimiter")
"""Options that readers know; the others are the load's."""
PATIENCE_S = 20
"""Processor seconds that one small file may cost."""
LOOKS = "<string key='concept:name' value='c'/><list key='l'><values><int key='i' value='1'/></values></list>"
NESTED = xes(
    trace(
        "c", event(more=LOOKS), event("b", more="<float key='f' value='1.5'><id key='x' value='y'/></float>")
    )
)
OBJECT = f'{{"page": 1, "data": {{"items": [{record(n="1.5", tags="[1, {}]")}, {record(x="null")}]}}}}'


def in_bytes(make: Callable[[Path], Path]) -> Callable[[Path], bytes]:
    return lambda folder: make(folder).read_bytes()


SEEDS: dict[str, tuple[bytes | Callable[[Path], bytes], dict[str, str]]] = {
    "csv": (CSV.encode(), {}),
    "quoted csv": (b'case_id,activity,timestamp\n"a ""b""","c\nd",2026-01-05\n' * 3, {}),
    "semicolons": (CSV.replace(",", ";").replace("Ann", "Zo\u00eb").encode("cp1252"), {}),
    "utf-16": (CSV.encode("utf-16"), {}),
    "csv.gz": (gz(CSV * 3), {}),
    "zip": (zipped({"a.csv": CSV}), {}),
    "zip of documents": (zipped({"a.json": record(), "b.json": record(activity='"b"')}), {}),
    "json": (f"[{record()}, {record(n='1')}]".encode(), {}),
    "json object": (OBJECT.encode(), {}),
    "json at a path": (OBJECT.encode(), {"records": "data.items"}),
    "json lines": ("\n".join([record(), record(n="2"), record(note='"\u00e9"')]).encode(), {}),
    "xes": (XES.encode(), {}),
    "xes in double quotes": (XES.replace("'", '"').encode(), {}),
    "nested xes": (NESTED.encode(), {}),
    "xes in utf-16": (XES.replace("UTF-8", "UTF-16").encode("utf-16"), {}),
    "parquet": (lambda _: parquet(typed(cost=[1.5, None, 2.0], tags=[["x"], [], None])), {}),
    "sqlite": (lambda folder: sqlite(folder / "x.db"), {"table": "orders"}),
    "workbook": (lambda _: workbooks.by_hand(workbooks.text_row(1, "case_id", "activity", "timestamp")), {}),
    "ocel json": (in_bytes(object_log.as_json), {"object_type": "orders"}),
    "ocel xml": (in_bytes(object_log.as_xml), {"object_type": "orders"}),
    "ocel sqlite": (in_bytes(object_log.as_sqlite), {"object_type": "orders"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """The sound files."""
    folder = tmp_path_factory.mktemp("seeds")
    return {name: made if isinstance(made, bytes) else made(folder) for name, (made, _) in SEEDS.items()}


@pytest.fixture(autouse=True)
def patience():
    """Fail what takes too much of the processor; a busy machine is no failure."""

    def late(*_):
        raise TimeoutError(f"over {PATIENCE_S} s of computing")

    before = signal.signal(signal.SIGVTALRM, late)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def rows(path: Path, scratch: Path, options: dict[str, str]) -> int:
    """How many rows a reader gives; every chunk must be what the contract says."""
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_S)
    with opened(path, Limits(bytes=1 << 24), scratch) as content:
        reading = choose(content, None).read(content, Options(**options))
        return sum(checked(chunk) for chunk in reading.chunks)


def checked(chunk) -> int:
    """How many rows a chunk accounts for."""
    for batch, own in ((chunk.events, ROW), (chunk.cases, TRACE)):
        if batch is None:
            continue
        batch.validate(full=True)
        assert own in batch.schema.names
        assert len(set(batch.schema.names)) == len(batch.schema.names)
        assert {f.type for f in batch.schema if f.name not in (ROW, TRACE)} <= {pa.string()}
    for aside in chunk.aside:
        assert aside.reason
        assert aside.row >= 0  # 0: of the log as a whole
        str(aside.values).encode()
    return (chunk.events.num_rows if chunk.events else 0) + len(chunk.aside)


@pytest.mark.parametrize("kind", SEEDS)
def test_a_damaged_source_is_read_or_refused_by_name(tmp_path, seeds, kind):
    options = SEEDS[kind][1]
    for seed in range(FIRST, FIRST + ROUNDS):
        path = tmp_path / "source"
        path.write_bytes(mutated(seeds[kind], seed, list(seeds.values())))
        try:
            assert rows(path, tmp_path, options) >= 0
        except BatonError as error:
            assert error.message, seed
            assert "Traceback" not in error.message, seed
        except BaseException as error:
            error.add_note(f"kind {kind!r}, seed {seed}")
            raise
        assert sorted(p.name for p in tmp_path.iterdir()) == ["source"], seed


@pytest.mark.parametrize("kind", [kind for kind in SEEDS if kind != "workbook"])
def test_an_undamaged_source_is_read(tmp_path, seeds, kind):
    path = tmp_path / "source"
    path.write_bytes(seeds[kind])
    assert rows(path, tmp_path, SEEDS[kind][1]) > 0


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One room for all damage."""
    return Room(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("kind", SEEDS)
def test_a_damaged_load_accounts_for_every_row_or_leaves_nothing(shared, tmp_path, seeds, kind):
    for seed in range(FIRST, FIRST + LOADS):
        path = tmp_path / "source"
        path.write_bytes(mutated(seeds[kind], seed, list(seeds.values())))
        before = shared.counts()
        try:
            report = shared.load(path, "fuzz", replace=True, **SEEDS[kind][1])
        except Rejected as error:
            assert error.report.message
            assert shared.counts() == before, (kind, seed)
        except BatonError as error:
            assert error.message
            assert "fault in" not in error.message + error.hint, (kind, seed, error.message)
            assert shared.counts() == before, (kind, seed)
        except BaseException as error:
            error.add_note(f"kind {kind!r}, seed {seed}")
            raise
        else:
            assert report.seen == report.loaded + report.set_aside, (kind, seed)
            assert report.status in ("ok", "ok_warn", "quarantine"), (kind, seed)


@pytest.mark.skipif(not HUNT, reason="only hunts damage the whole corpus: BATON_TEST_FUZZ=1000")
def test_damage_to_the_whole_corpus(tmp_path):
    for number, hostile in enumerate(CORPUS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = hostile.make(folder)
        if not path.is_file() or path.stat().st_size > 1 << 20:
            continue
        data = path.read_bytes()
        for seed in range(FIRST, FIRST + max(20, HUNT // 100)):
            path.write_bytes(mutated(data, seed) if data else b"")
            known = {
                k: v for k, v in hostile.options.items() if k in ("table", "records", "encoding", "delimiter")
            }
            try:
                rows(path, folder, known)
            except BatonError as error:
                assert error.message
            except BaseException as error:
                error.add_note(f"{hostile.name!r}, seed {seed}")
                raise
        sys.stderr.write(".")

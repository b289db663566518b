"""The generated log in a home of its own, and how the questions of the mining benchmarks are put to it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

LOG, TINY = "generated", "tiny"
MEMORY = "1GB"
SEED = 7
REGIONS = ("north", "island")
FILTER = f"case.region in {list(REGIONS)}".replace("'", '"')
NOISE = 0.2


@contextmanager
def generated_home(events: int, seed: int = SEED) -> Iterator[str]:
    """A folder with `log.parquet` and a home that holds it as the log `generated`, made once per process.

    `BATON_BENCH_FOLDER` names a folder to keep it in, for the next time.
    """
    kept = os.environ.get("BATON_BENCH_FOLDER")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(kept or temporary) / f"generated-{events}-{seed}"
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _fill(folder, events, seed)
            (folder / "done").touch()
        yield str(folder)


def _fill(folder: Path, events: int, seed: int) -> None:
    from benchmarks.generated import write  # and with it NumPy and Arrow, which no question needs
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    write(folder / "log.parquet", events, seed)
    write(folder / "tiny.parquet", 2_000, seed)
    context = open_home(str(folder))
    for log, file in ((LOG, "log.parquet"), (TINY, "tiny.parquet")):
        source = str(folder / file)
        ingest(context, IngestRequest(source=source, log=log, replace=True, map=("start=start_timestamp",)))
    context.stores.close()


def open_home(folder: str) -> Any:
    """A context on the home in a folder."""
    from home.context import Context, Stores
    from home.settings import configure

    configuration = configure({"home": Path(folder) / "home", "memory_limit": MEMORY}, {})
    return Context(configuration, Stores(configuration.settings), actor="benchmark")


def asked(folder: str, question: str) -> Iterator[Any]:
    """What Baton answers to a question about the generated log; it has been asked the same of a tiny one."""
    context = open_home(folder)
    ask = QUESTIONS[question]
    ask(context, TINY)
    try:
        yield 0
        yield ask(context, LOG)
    finally:
        context.stores.close()


def _map(context: Any, log: str, where: str | None = None) -> list[Any]:
    from mining.directly_follows import boundaries, flows
    from mining.lens import lens

    with lens(context, log, where=where) as view:
        found = [[row["source"], row["target"], row["events"]] for row in flows(view.cursor, times="none")]
        return [*found, *boundaries(view.cursor)]


def _filtered(context: Any, log: str) -> list[Any]:
    return _map(context, log, FILTER)


def _variants(context: Any, log: str) -> list[Any]:
    from mining.lens import lens
    from mining.variants import variant_counts

    with lens(context, log) as view:
        return list(variant_counts(view.cursor).items())


def _flows(context: Any, log: str, times: Any) -> list[Any]:
    from mining.directly_follows import flows
    from mining.lens import lens

    with lens(context, log) as view:
        found = flows(view.cursor, times=times)
        return [[row["source"], row["target"], row["mean_s"], row.get("median_s")] for row in found]


def _scan(context: Any, log: str) -> list[Any]:
    """Read four columns of every activity instance, and add them up: what any pass over the events costs."""
    from ingest.catalog import find_log

    with context.events.cursor(find_log(context.events, log).schema) as cursor:
        sums = "sum(aid), sum(naid), sum(epoch_us(ts)), sum(epoch_us(nst))"
        return [str(found) for found in cursor.execute(f"select {sums} from instance").fetchone()]


def _inductive(context: Any, log: str) -> str:
    from mining.discover import model_of
    from mining.lens import lens
    from mining.variants import variant_counts

    with lens(context, log) as view:
        return told(model_of("inductive", variant_counts(view.cursor), NOISE))


def told(tree: Any) -> str:
    """A process tree with the branches that have no order in one order."""
    if tree.operator in ("leaf", "silent"):
        return str(tree)
    children = [told(child) for child in tree.children]
    if tree.operator in ("choice", "parallel"):
        children.sort()
    return f"{tree.operator}({', '.join(children)})"


QUESTIONS: dict[str, Callable[[Any, str], Any]] = {
    "map": _map,
    "filtered map": _filtered,
    "variants": _variants,
    "performance": partial(_flows, times="exact"),
    "totals": partial(_flows, times="totals"),
    "scan": _scan,
    "inductive": _inductive,
}

"""Events pushed over HTTP to a service, until they are in their log, against the same events as a file.

python -m benchmarks.ingest_push [--events 100000] [--callers 4] [--batch 500]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, Row, measured
from benchmarks.table import show

START = datetime(2026, 3, 2, 8)


def events(count: int) -> list[dict[str, object]]:
    """CloudEvents of cases of ten events."""
    return [
        {
            "specversion": "1.0",
            "id": str(n),
            "source": "/shop",
            "type": f"step {n % 10}",
            "subject": f"order {n // 10}",
            "time": f"{START + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}",
            "data": {"amount": n % 97, "resource": f"clerk {n % 13}"},
        }
        for n in range(count)
    ]


def pushed(count: int, callers: int, batch: int) -> Iterator[dict[str, float]]:
    """A service that takes events from several callers: how many a second it took and loaded."""
    import httpx

    found = events(count)
    bodies = [json.dumps(found[n : n + batch]).encode() for n in range(0, count, batch)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "baton", "--home", folder, "serve", "--port", "0"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        hint = Path(folder) / "service.json"
        while not hint.is_file():
            time.sleep(0.05)
        told = json.loads(hint.read_text())
        client = httpx.Client(
            base_url=told["address"], headers={"authorization": f"Bearer {told['token']}"}, timeout=120
        )
        kind = {"content-type": "application/cloudevents-batch+json"}

        def send(body: bytes) -> None:
            while client.post("/api/events?log=shop", content=body, headers=kind).status_code == 503:
                time.sleep(0.2)

        yield {}
        began = time.monotonic()
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(send, bodies))
        taken = time.monotonic() - began
        while _loaded(client) < count:
            time.sleep(0.05)
        loaded = time.monotonic() - began
        process.terminate()
        process.wait()
    yield {"taken_per_s": round(count / taken), "loaded_per_s": round(count / loaded)}


def _loaded(client: Any) -> int:
    rows = client.post("/api/logs", json={}).json()["rows"]
    return int(rows[0]["events"]) if rows else 0


def as_file(count: int) -> Iterator[int]:
    """The same events from a file of JSON lines."""
    from home.context import Context, Stores
    from home.settings import configure
    from ingest.contracts import IngestRequest
    from ingest.load import ingest

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_text("\n".join(map(json.dumps, events(count))))
        configuration = configure({"home": Path(folder)}, {})
        context = Context(configuration, Stores(configuration.settings))
        with context.events.cursor() as cursor:
            cursor.execute("select count(*) from log").fetchone()
        yield 0
        fields = ("case_id=subject", "activity=type", "timestamp=time", "resource=data.resource")
        report = ingest(context, IngestRequest(source=str(path), log="shop", map=fields))
        context.stores.close()
        yield report.events


def run(events: int = 100_000, callers: int = 4, batch: int = 500) -> list[Row]:
    """The row of this benchmark."""
    cost = measured(pushed, events, callers, batch)
    taken, loaded = (cost.answer[name] for name in ("taken_per_s", "loaded_per_s"))
    what = f"{events:,} events pushed ({taken:,} a second taken, {loaded:,} in the log)"
    return [Row(what, cost, "the same as a file", measured(as_file, events))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=500)
    show(run(**vars(parser.parse_args())))

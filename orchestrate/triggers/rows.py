"""New rows of a source that start runs: read in a child process and kept with how far that went."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from home.context import Context
from home.errors import BatonError
from ingest import arrival_store
from ingest.adapter import Limits
from ingest.arrival_store import Arrived, Waiting
from ingest.cloud_events import digest
from ingest.errors import IngestError
from ingest.mapping import Wish
from ingest.reading import Order, spooled
from ingest.source import resolve_source
from ingest.spool import EVENTS, Manifest
from orchestrate.contracts import JsonSchema
from orchestrate.triggers import intake, store
from orchestrate.triggers.contracts import Rows
from orchestrate.triggers.fire import Occurrence, Starter
from orchestrate.triggers.payload import parsed
from orchestrate.triggers.store import Kept

MOST = 2000
"""Rows after which reading stops until they have started their runs."""
LEASE_S = 120.0
"""How long others leave a trigger alone while its rows are read; who reads them beside keeps none of them."""
BEGUN = ""
"""The position of a source that was empty when it was read first."""


def look(context: Context, starter: Starter, kept: Kept, on: Rows) -> None:
    """Read what is new, unless much of it waits already, and start its runs.

    Raises what reading raises; then the position is where it was.
    """
    now = starter.clock.now().timestamp()
    if not intake.claim(starter.state, kept, now + LEASE_S):
        return
    more = False
    if intake.waiting(starter.state).get(kept.queue, 0) < MOST:
        more = _read(context, starter, kept, on)
    index, _ = starter.plan(kept.trigger.plan, kept.trigger.version)
    made = partial(occurrence, kept, schema=index.plan.input)
    done = intake.drain(starter, kept, made, context.job)
    if kept.failures and not done:
        store.well(starter.state, kept)
    busy = more or intake.waiting(starter.state).get(kept.queue, 0) > 0
    intake.release(starter.state, kept, now + (1.0 if busy else on.every_s))


def _read(context: Context, starter: Starter, kept: Kept, on: Rows) -> bool:
    """Keep the rows that are new with how far they go, in one transaction; whether there are more."""
    only_look = kept.position is None and on.cursor is not None and not on.existing
    with spooled(context, partial(order, context, kept.position, on, None if only_look else MOST)) as (
        folder,
        found,
    ):
        if on.cursor is not None and found.events and found.position is None:
            raise IngestError(
                f"{found.source} cannot be gone on from where it ended, as {on.cursor!r} asks.",
                hint="Leave out --cursor and give --key: then each key starts one run.",
            )
        arrived = [] if only_look else list(_arrived(kept, on, folder, found))
    position = found.position if found.position is not None else kept.position or BEGUN
    with starter.state.transaction() as connection:
        store.hold(connection, kept, still=True)
        arrival_store.receive_in(connection, kept.queue, kept.queue, arrived, starter.clock.now())
        store.move(connection, kept, position)
    return not found.complete


def order(context: Context, position: str | None, on: Rows, most: int | None, folder: Path) -> Order:
    """What is to be read into a folder. Raises `NotFound` and `SettingError`."""
    source = resolve_source(context, on.source)
    options = {n: v for n, v in on.options.items() if n != "adapter"}
    settings = context.settings
    return Order(
        found=source.absolute() if isinstance(source, Path) else source,
        folder=folder.absolute(),
        adapter=on.options.get("adapter"),
        chosen=options | ({"cursor": on.cursor} if on.cursor else {}),
        wish=Wish(),
        how={},
        limits=Limits(rows=settings.max_rows, bytes=settings.max_file_bytes),
        looking=True,
        position=position or None,
        most=most,
    )


def read_rows(folder: Path, manifest: Manifest) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row of a spool with its number; empty cells are left out."""
    import pyarrow.parquet as parquet

    for name in manifest.files.get(EVENTS, ()):
        for batch in parquet.ParquetFile(folder / name).iter_batches():
            for row in batch.to_pylist():
                cells = ((column, row.get(f"s{k}")) for k, column in enumerate(manifest.columns))
                yield row["row"], {column: value for column, value in cells if value is not None}


def _arrived(kept: Kept, on: Rows, folder: Path, manifest: Manifest) -> Iterator[Arrived]:
    for number, row in read_rows(folder, manifest):
        text = json.dumps(row, ensure_ascii=False, sort_keys=True).replace("\\u0000", "")
        # With a cursor rows are counted over all readings; without, the same row comes every time.
        id = f"{number}-{digest(text)[:12]}" if on.cursor else digest(text)
        yield Arrived(kept.queue, id, text)


def occurrence(kept: Kept, arrived: Waiting, schema: JsonSchema) -> Occurrence:
    """A row as an occurrence."""
    facts = {"id": arrived.id, "at": store.said(arrived.received_at), "trigger": kept.name}
    try:
        return Occurrence(arrived.id, typed(parsed(arrived.payload), schema), facts)
    except BatonError as error:
        return Occurrence(arrived.id, None, facts, refusal=error.message)


def typed(row: Mapping[str, Any], schema: JsonSchema) -> dict[str, Any]:
    """A row, every value of which is text, with numbers and truths where the plan's input wants such."""
    wanted = schema.get("properties", {})
    return {name: _typed(value, wanted.get(name)) for name, value in row.items()}


def _typed(value: Any, about: Any) -> Any:
    kind = about.get("type") if isinstance(about, Mapping) else None
    if not isinstance(value, str) or kind not in ("number", "integer", "boolean"):
        return value
    if kind == "boolean":
        return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}.get(
            value.lower(), value
        )
    try:
        number = float(value) if kind == "number" else int(value)
    except ValueError:
        return value  # the contract refuses it by name
    return int(number) if isinstance(number, float) and number.is_integer() and "." not in value else number

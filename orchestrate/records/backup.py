"""`baton backup` and `baton restore`: a home folder with both its stores, consistent, while the service runs.

The transactional store is copied first, by SQLite's backup interface, then the event store. An event
that is loaded in between is in both copies, and each event is loaded once, by its number; the other
way round it would be in neither. On PostgreSQL the transactional store is the database's own to back
up (`pg_dump`, before this; see docs/operate.md): the backup says so and holds the rest.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import field_validator

from home.context import Context
from home.contracts import Argument, Contract, Request, Response, utc_text
from home.errors import Refused
from home.text import plain

EVENTS, STATE, MANIFEST = "events.duckdb", "state.sqlite", "backup.json"
ALSO = ("baton.toml", "anchors.toml", "worker.id", "attachments", "archive")
"""What else of a home cannot be made anew."""
FORMAT = 1


class Content(Contract):
    """What a backup holds, as `backup.json` says it."""

    format: int = FORMAT
    at: str
    """When it was taken, ISO 8601 in UTC."""
    baton: str
    """The version that took it."""
    store: str
    """`sqlite`: in the folder; `postgresql`: not in it."""
    audit_head: str
    """`ROWS:HASH` of the audit at that moment, for `baton audit verify --head`."""
    files: dict[str, str]
    """SHA-256 by path."""


class BackupRequest(Request):
    """Where to."""

    folder: Annotated[Path, Argument("DIR")]
    """A folder that is new or empty."""

    @field_validator("folder")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        """Said here, meant here: the service that does it may stand elsewhere."""
        return folder.expanduser().absolute()


class BackedUp(Response):
    """A backup."""

    folder: str
    bytes: int
    files: int
    audit_head: str
    """End of the audit at that moment."""
    store: str
    """Where the transactional store is: in the backup (`sqlite`), or left to its own (`postgresql`)."""
    notes: list[str]

    def lines(self) -> Iterator[str]:
        """What it is, and how to use it."""
        yield plain(f"{self.files} files, {self.bytes / 1e6:,.1f} MB, are in {self.folder}.")
        yield from self.notes
        yield plain(f"`baton restore {self.folder} --home NEW` makes a home of it.")


class RestoreRequest(Request):
    """What to make a home of."""

    folder: Annotated[Path, Argument("DIR")]
    """A folder that `baton backup` made."""


class Restored(Response):
    """A home made of a backup."""

    home: str
    at: str
    """The moment it shows."""
    audit_head: str
    notes: list[str]

    def lines(self) -> Iterator[str]:
        """What there is now, and what to check."""
        yield plain(f"{self.home} is as it was at {self.at}.")
        yield from self.notes
        yield f"`baton audit verify --head {self.audit_head}` checks the audit." if self.audit_head else ""


def backup(context: Context, request: BackupRequest) -> BackedUp:
    """Copy both stores and what else cannot be made anew into a folder, whole or not at all.

    A running service goes on meanwhile: the command is sent to it, and takes what is committed.
    """
    from orchestrate.records.audit import HeadRequest, head, record

    target = request.folder
    _refuse_filled(target)
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    try:
        ended = head(context, HeadRequest())
        context.job.progress(0.1, "copying the transactional store")
        kind = _copy_state(context, making / STATE)
        context.job.progress(0.4, "copying the event store")
        context.events.copy_to(making / EVENTS)
        _copy_rest(context.home, making)
        content = _content(context, making, kind, f"{ended.rows}:{ended.hash}" if ended.rows else "")
        (making / MANIFEST).write_text(content.model_dump_json(indent=1) + "\n", encoding="utf-8")
        if target.exists():
            target.rmdir()
        making.rename(target)
    except OSError as error:
        raise Refused(
            f"The backup could not be written to {target}: {error.strerror or error}.",
            hint="Nothing was left there. Check the space and the rights of the folder.",
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    with context.state.transaction() as connection:
        at, who = context.clock.now(), context.actor
        record(connection, at=at, actor=who, action="backup", subject=str(target), bytes=size)
    return BackedUp(
        folder=str(target),
        bytes=size,
        files=len(content.files),
        audit_head=content.audit_head,
        store=kind,
        notes=_notes(kind),
    )


def restore(context: Context, request: RestoreRequest) -> Restored:
    """Make a new home of a backup, checked file by file; a home that holds anything is refused.

    Runs that were open go on when a worker starts. Effects after the backup may come again: steps are
    at least once, and carry the same idempotency keys.
    """
    source, home = request.folder.expanduser(), context.home
    content = _read(source)
    for name in (EVENTS, STATE):
        if (home / name).exists():
            raise Refused(
                f"{home} holds {name} already.", hint="Restore into a new folder with --home, then use that."
            )
    for name, expected in content.files.items():
        if not (source / name).is_file() or _sha256(source / name) != expected:
            raise Refused(
                f"{source / name} is not the file that was backed up.",
                hint="Take another backup; nothing was done.",
            )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in content.files:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, home / name)
    return Restored(home=str(home), at=content.at, audit_head=content.audit_head, notes=_notes(content.store))


def _refuse_filled(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{target} is not empty.", hint="Name a folder that is new or empty.")


def _copy_state(context: Context, target: Path) -> str:
    """SQLite's own way of copying a database that is in use; PostgreSQL has `pg_dump`."""
    if context.state.is_postgres:
        return "postgresql"
    with closing(context.state.raw()) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("pragma journal_mode = delete")  # one file, without a log beside it
    return "sqlite"


def _copy_rest(home: Path, target: Path) -> None:
    for name in ALSO:
        if (home / name).is_dir():
            shutil.copytree(home / name, target / name)
        elif (home / name).is_file():
            shutil.copy2(home / name, target / name)


def _content(context: Context, folder: Path, kind: str, ended: str) -> Content:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Content(
        at=utc_text(context.clock.now()),
        baton=version("baton"),
        store=kind,
        audit_head=ended,
        files={str(path.relative_to(folder)): _sha256(path) for path in files},
    )


def _read(folder: Path) -> Content:
    try:
        found: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        content = Content.model_validate(found)
    except (OSError, ValueError) as error:
        raise Refused(
            f"{folder} is no backup: its {MANIFEST} is missing or cannot be read.",
            hint="Name a folder that `baton backup` made.",
        ) from error
    outside = [name for name in content.files if Path(name).is_absolute() or ".." in Path(name).parts]
    if content.format != FORMAT or outside:
        raise Refused(
            f"{folder} is of format {content.format} or names files outside it; this Baton reads {FORMAT}.",
            hint="Use the Baton that made it.",
        )
    return content


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _notes(kind: str) -> list[str]:
    if kind == "sqlite":
        return []
    return [
        "Runs, tasks and audit are in PostgreSQL: use pg_dump and pg_restore for them, see docs/operate.md."
    ]

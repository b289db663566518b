"""Files attached to tasks: kept in the home under the SHA-256 of their bytes, in a folder of bounded size."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from sqlalchemy import text

from home.context import Context
from home.contracts import Argument, InputFile, Option, Request, Response
from home.database import Database, Row
from home.errors import NotFound, Refused, UsageError
from home.text import plain
from orchestrate.people.assign import LINE
from orchestrate.people.handing import Task, on_record, open_task, touched
from orchestrate.people.tasks import find_task

FOLDER = "attachments"
PIECE = 1 << 20
HELD = "select coalesce(sum(size), 0) from (select distinct sha256, size from attachment) files"
KNOWN = "select 1 from attachment where sha256 = :sha256 limit 1"


class TooLarge(Refused):
    """A file, or all of them together, would be larger than the limit."""

    code = "too_large"


class AttachRequest(Request):
    """What to attach to which task."""

    task: Task
    """Id of the task; `baton tasks` lists them."""
    file: Annotated[str, Argument("FILE"), InputFile()]
    """The file; over the API, the ticket of an upload."""
    by: str
    """Who attaches it."""


class Attachment(Response):
    """A file of a task."""

    task: str
    n: int
    """Its number in the task."""
    file: str
    """Its name."""
    size: int
    """Bytes."""
    sha256: str

    def lines(self) -> Iterator[str]:
        """One sentence, and how to get it back."""
        yield plain(f"{self.file} ({self.size:,} bytes) is attached to {self.task} as number {self.n}.")
        yield f"`baton attachment {self.task} {self.n} -o FILE` gives it back."


def attach(context: Context, request: AttachRequest) -> Attachment:
    """Attach a file to an open task; whoever decides it, and later tasks of the run, see it.

    One file may have `attachment_bytes`, all of them together `attachments_bytes` (see `baton config`).
    """
    source, folder = Path(request.file), context.home / FOLDER
    found = find_task(context.state, request.task)
    folder.mkdir(parents=True, exist_ok=True)
    # The bytes are read before the transaction and found under their sum once it holds.
    with NamedTemporaryFile(dir=folder, prefix=".new-") as copy:
        sha256, size = _copy(source, copy, context.settings.attachment_bytes)
        with open_task(context, found["id"]) as (connection, task, _):
            row = {"task": task["id"], "run": task["run"], "sha256": sha256, "file": safe_name(source.name)}
            row |= {"size": size, "at": context.clock.now().timestamp(), "who": request.by}
            number = text("select coalesce(max(n), 0) + 1 from attachment where task = :task")
            row["n"] = connection.execute(number, row).scalar_one()
            connection.execute(text(LINE))
            connection.execute(
                text(
                    "insert into attachment(task, n, run, sha256, file, size, at, who)"
                    " values (:task, :n, :run, :sha256, :file, :size, :at, :who)"
                ),
                row,
            )
            held = connection.execute(text(HELD)).scalar_one()
            if held > context.settings.attachments_bytes:
                raise TooLarge(
                    f"All attachments together would have {held:,} bytes,"
                    f" more than the limit of {context.settings.attachments_bytes:,}.",
                    hint="Raise attachments_bytes in baton.toml, or let old runs go. Nothing was attached.",
                )
            touched(connection, task, request.by)
            _keep(Path(copy.name), place(context.home, sha256))
            on_record(connection, context, "attach", request.by, task, file=row["file"], sha256=sha256)
    return Attachment.model_validate({name: row[name] for name in ("task", "n", "file", "size", "sha256")})


def _copy(source: Path, copy: object, most: int) -> tuple[str, int]:
    """SHA-256 and size of a file, copied; raises `UsageError` or `TooLarge`."""
    total, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as file:
            while piece := file.read(PIECE):
                size += len(piece)
                if size > most:
                    raise TooLarge(
                        f"{source.name} is larger than the limit of {most:,} bytes for one attachment.",
                        hint="Attach a link in a comment instead, or raise attachment_bytes in baton.toml.",
                    )
                total.update(piece)
                copy.write(piece)  # type: ignore[attr-defined]
        copy.flush()  # type: ignore[attr-defined]
    except OSError as error:
        raise UsageError(
            f"Cannot read {source}: {error.strerror}.", hint="Name a file that you may read."
        ) from error
    return total.hexdigest(), size


def _keep(copy: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        target.hardlink_to(copy)


def place(home: Path, sha256: str) -> Path:
    """Where the bytes of this sum lie."""
    return home / FOLDER / sha256[:2] / sha256


def safe_name(name: str) -> str:
    """A file's name without anything that leads elsewhere, hides or looks like another name."""
    bare = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w.() +,-]", "_", bare)[-120:].lstrip(". ") or "file"


class AttachmentRequest(Request):
    """Which file."""

    task: Task
    """Id of the task."""
    n: Annotated[int, Argument("N")] = 1
    """Its number in the task."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE")] = None
    """Where to write it; its own name, in this folder, where not given. Never over another file."""


class Written(Response):
    """A file that was written."""

    path: str
    size: int


def attachment(context: Context, request: AttachmentRequest) -> Written:
    """Write a file that was attached to a task. The API has it at `/api/tasks/TASK/attachments/N`."""
    row, source = stored(context, request.task, request.n)
    target = Path(request.output or row["file"])
    try:
        with source.open("rb") as file, target.open("xb") as copy:
            while piece := file.read(PIECE):
                copy.write(piece)
    except OSError as error:
        raise UsageError(f"Cannot write {target}: {error.strerror}.", hint="Name another with -o.") from error
    return Written(path=str(target), size=row["size"])


def stored(context: Context, task: str, n: int) -> tuple[Row, Path]:
    """An attachment's row and where its bytes lie; raises `NotFound` saying which of the two is missing."""
    find_task(context.state, task)
    sql = "select * from attachment where task = :task and n = :n"
    row = context.state.row(sql, {"task": task, "n": n})
    if row is None:
        raise NotFound(
            f"Task {task!r} has no attachment {n}.", hint=f"`baton tasks --task {task} --json` lists them."
        )
    path = place(context.home, row["sha256"])
    if not path.is_file():
        raise NotFound(
            f"The bytes of {row['file']!r} are not in {context.home}.",
            hint="Attachments lie in the home folder of the machine that took them.",
        )
    return row, path


def sweep(home: Path, state: Database) -> int:
    """Delete the bytes that no attachment speaks of any more, once its rows are gone; how many files."""
    files = (home / FOLDER).glob("[0-9a-f][0-9a-f]/*")
    loose = [path for path in files if state.row(KNOWN, {"sha256": path.name}) is None]
    if not loose:
        return 0
    gone = 0
    with state.transaction() as connection:
        # Whoever attaches the same bytes now waits here, or has said so before.
        connection.execute(text(LINE))
        for path in loose:
            if connection.execute(text(KNOWN), {"sha256": path.name}).first() is None:
                path.unlink(missing_ok=True)
                gone += 1
    return gone

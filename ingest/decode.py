"""Opens a file: looks at its content, takes it out of gzip or zip within limits, and takes its hash."""

import errno
import gzip
import hashlib
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any

from ingest.adapter import Content, Limits
from ingest.contracts import Finding
from ingest.errors import Unfit
from ingest.foreign import refuse_foreign

PORTION = 1 << 20
FREE_BYTES = 64 * 2**20
"""A compressed file may always grow to this size; beyond it, by no more than `RATIO`."""
RATIO = 100


@contextmanager
def opened(found: Path | str, limits: Limits, scratch: Path) -> Iterator[Content]:
    """The content behind a path or address; decompressed copies live in `scratch` while it is open.

    Raises `Unfit` for what is empty, cut, corrupt, too large or of a format that holds no log.
    """
    if isinstance(found, str):
        yield Content(name=without_secrets(found), address=found)
        return
    if not (found.is_file() or found.is_dir()):
        raise Unfit(
            "format",
            f"{found.name} is not a file but a pipe, a device or a link to nothing.",
            hint="Write what it gives to a file, and name that.",
        )
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="read-") as folder:
        content = (
            _folder(found, limits, Path(folder)) if found.is_dir() else _unpacked(found, limits, Path(folder))
        )
        yield replace(content, name=found.name or str(found.resolve()))


def without_secrets(address: str) -> str:
    """An address without user, password and query."""
    from urllib.parse import urlsplit

    if address.startswith("rest:{"):
        return str(json.loads(address.removeprefix("rest:"))["name"])
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:  # such as a password that is not escaped
        return f"{address.partition('://')[0]}://…"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _unpacked(path: Path, limits: Limits, folder: Path, depth: int = 0, name: str | None = None) -> Content:
    name = name or path.name
    head = _head(path)
    if not head:
        raise Unfit("empty", f"{name} is empty: it has zero bytes.")
    if head[:2] == b"\x1f\x8b":
        inner = name[:-3] if name.lower().endswith(".gz") else name
        copy = folder / f"content-{depth}"
        _gunzip(path, copy, limits, name)
        return _disagreeing(_deeper(copy, limits, folder, depth, inner), name, inner == name, "a gzip file")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        content = _unzipped(path, limits, folder, depth, name)
        if content.path == path:
            return content  # a workbook, which only looks like an archive
        return _disagreeing(content, name, not name.lower().endswith(".zip"), "a zip archive")
    refuse_foreign(path, head, name)
    content = _plain(path, limits, name)
    return _disagreeing(content, name, name.lower().endswith((".gz", ".zip")), "not compressed")


AGAIN = "Copy or download it again."
LIMIT = "The setting max_file_bytes raises the limit."
MEMBERS = 100_000
"""Documents that one source may consist of."""


def _ignored(name: str) -> bool:
    """What file managers put beside the documents."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts if part not in ("..", "."))


def _folder(found: Path, limits: Limits, scratch: Path) -> Content:
    """Every document of a folder and the folders in it, as one source."""
    files = sorted((p.relative_to(found).as_posix(), p) for p in found.rglob("*") if p.is_file())
    files = [(name, path) for name, path in files if not _ignored(name)]
    if not files:
        raise Unfit("empty", f"{found.name} is empty: the folder has no files.")
    if len(files) > MEMBERS:
        raise Unfit("limit", f"{found.name} has {len(files):,} files; {MEMBERS:,} at most.")
    inside = scratch / "members"
    inside.mkdir()
    digest, total, names = hashlib.sha256(), 0, []
    for number, (name, path) in enumerate(files):
        unpacked = scratch / f"member-{number}"
        unpacked.mkdir()
        content = _unpacked(path, limits, unpacked, name=name)
        if content.members or content.path is None:
            raise Unfit("members", f"{found.name}/{name} is an archive of several documents.")
        (inside / f"{number:07d}").symlink_to(content.path.resolve())
        total += content.size
        if total > limits.bytes:
            raise Unfit("limit", f"{found.name}: its files are over {limits.bytes:,} bytes.", hint=LIMIT)
        names.append(name)
        digest.update(f"{name}\0{content.digest}\n".encode())
    head = _head(inside / "0000000")
    return Content(found.name, inside, total, digest.hexdigest(), head, members=tuple(names))


def _plain(path: Path, limits: Limits, name: str) -> Content:
    """A file as it stands."""
    size = path.stat().st_size
    if size > limits.bytes:
        raise Unfit("limit", f"{name}: {size:,} bytes are over the limit of {limits.bytes:,}.", hint=LIMIT)
    return Content(name=name, path=path, size=size, digest=_content(path), head=_head(path))


def _disagreeing(content: Content, name: str, disagrees: bool, what: str) -> Content:
    """The content, with a finding where the file's name says something else than its content."""
    if not disagrees:
        return content
    message = f"{name} is {what}, whatever its name says; the content decides."
    finding = Finding(code="name_and_content", severity="warning", count=1, message=message, where=name)
    return replace(content, findings=(*content.findings, finding))


def _deeper(copy: Path, limits: Limits, folder: Path, depth: int, name: str) -> Content:
    if depth >= 2:
        raise Unfit("nest", f"{name}: compressed more than twice; archives may not nest deeper.")
    return _unpacked(copy, limits, folder, depth + 1, name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1 << 16)


def _content(path: Path) -> str:
    """SHA-256 of a file; of a SQLite database with what lies in its write-ahead log beside it."""
    beside = path.with_name(f"{path.name}-wal")
    if not beside.is_file() or not _head(path).startswith(b"SQLite format 3\0"):
        return _sha256(path)
    return hashlib.sha256(f"{_sha256(path)}{_sha256(beside)}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _gunzip(path: Path, copy: Path, limits: Limits, name: str) -> None:
    try:
        with gzip.open(path) as source:
            _copy(source, copy, path.stat().st_size, limits, name)
    except EOFError as error:
        message = f"{name} is truncated: the gzip stream ends in the middle."
        raise Unfit("truncated", message, hint=AGAIN) from error
    except gzip.BadGzipFile as error:
        if "CRC" in str(error) or "length" in str(error):
            message = f"{name} is damaged: its content does not fit its checksum ({error})."
            raise Unfit("checksum", message, hint=AGAIN) from error
        message = f"{name} is corrupt: behind the gzip stream there is something else ({error})."
        raise Unfit("corrupt", message, hint=AGAIN) from error
    except zlib.error as error:
        message = f"{name} is corrupt or truncated, its checksum never reached: {error}."
        raise Unfit("corrupt", message, hint=AGAIN) from error


def _unzipped(path: Path, limits: Limits, folder: Path, depth: int, name: str) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.filename.endswith("/")]
            _refuse_strange(members, name)
            members = [m for m in members if not _ignored(m.filename)] or members
            if _is_workbook({m.filename for m in members}, name):
                return _plain(path, limits, name)
            if len(members) > 1:
                return _documents(archive, members, path.stat().st_size, limits, folder, name)
            copy = folder / f"content-{depth}"
            with archive.open(members[0]) as source:
                _copy(source, copy, members[0].compress_size, limits, name)
    except zipfile.BadZipFile as error:
        wrong, said = ("checksum", "a wrong checksum") if "CRC" in str(error) else ("truncated", "no end")
        message = f"{name} is damaged: the zip has {said}, or is truncated ({error})."
        raise Unfit(wrong, message, hint=AGAIN) from error
    except (EOFError, zlib.error, struct.error, ValueError) as error:
        message = f"{name}: the zip is truncated or corrupt ({error})."
        raise Unfit("truncated", message, hint=AGAIN) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a disk that is full is no fault of the archive
            raise
        message = f"{name}: the zip points outside itself; it is truncated."
        raise Unfit("truncated", message, hint=AGAIN) from error
    except (RuntimeError, NotImplementedError) as error:
        message = f"{name}: this zip cannot be opened ({error})."
        raise Unfit("format", message, hint="Unpack it yourself and name the file in it.") from error
    return _deeper(copy, limits, folder, depth, PurePosixPath(members[0].filename).name)


def _refuse_strange(members: list[zipfile.ZipInfo], name: str) -> None:
    if not members:
        raise Unfit("empty", f"{name} is empty: the zip has no members.")
    for member in members:
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        leaves = inside.is_absolute() or ".." in inside.parts or member.filename[1:2] == ":"
        if leaves or not inside.name:
            raise Unfit("path", f"{name}: the member {member.filename!r} has a path that leaves the archive.")
        if member.flag_bits & 1:
            raise Unfit(
                "encrypted",
                f"{name}: the member {member.filename!r} is encrypted with a password.",
                hint="Unpack it yourself and name the file in it.",
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise Unfit("path", f"{name}: the member {member.filename!r} is a link, a path to another file.")


OFFICE = {
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "content.xml": "an OpenDocument file (.ods or .odt)",
}


def _is_workbook(names: set[str], name: str) -> bool:
    """Whether the members of a zip make an Excel workbook; raises `Unfit` for other Office documents."""
    if "[Content_Types].xml" not in names and not {"mimetype", "content.xml"} <= names:
        return False
    if "xl/workbook.xml" in names:
        return True
    what = next((said for member, said in OFFICE.items() if member in names), "an Office document")
    raise Unfit("format", f"{name} is {what}, not an event log.", hint="Save its sheet as .xlsx or CSV.")


def _documents(
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    packed: int,
    limits: Limits,
    folder: Path,
    name: str,
) -> Content:
    """Several members, as exports of tickets or tables are; whether they are one log, an adapter says.

    `packed` is the size of the archive: members that overlap claim more.
    """
    if len(members) > MEMBERS:
        raise Unfit("members", f"{name} has {len(members):,} members; {MEMBERS:,} at most.")
    total, digest = 0, hashlib.sha256()
    inside = folder / "members"
    inside.mkdir()
    ordered = sorted(members, key=lambda m: m.filename)
    for number, member in enumerate(ordered):
        target = inside / f"{number:07d}"
        with archive.open(member) as source:
            total += _copy(source, target, member.compress_size, limits, name)
        allowed = min(limits.bytes, max(FREE_BYTES, RATIO * packed))
        if total > allowed:
            raise Unfit(
                "size", f"{name}: its members unpack to over {allowed:,} bytes (size limit).", hint=LIMIT
            )
        digest.update(f"{member.filename}\0{_sha256(target)}\n".encode())
    return Content(
        name=name,
        path=inside,
        size=total,
        digest=digest.hexdigest(),
        head=_head(inside / "0000000"),
        members=tuple(m.filename for m in ordered),
    )


def _copy(source: IO[bytes] | Any, copy: Path, packed: int, limits: Limits, name: str) -> int:
    allowed = min(limits.bytes, max(FREE_BYTES, packed * RATIO))
    size = 0
    with copy.open("wb") as target:
        while portion := source.read(PORTION):
            size += len(portion)
            if size > allowed:
                raise Unfit(
                    "size",
                    f"{name}: unpacks to more than {allowed:,} bytes, over the size limit "
                    f"({FREE_BYTES >> 20} MB, or {RATIO} times its packed size).",
                    hint="Unpack it yourself if you trust it.",
                )
            target.write(portion)
    return size

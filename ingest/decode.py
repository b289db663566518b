"""Opens a file: looks at its content, takes it out of gzip or zip within limits, and takes its hash."""

import errno
import gzip
import hashlib
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

PORTION = 1 << 20
FREE_BYTES = 64 * 2**20
"""A compressed file may always grow to this size; beyond it, by no more than `RATIO`."""
RATIO = 100

FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (OLE: .xls or .doc)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file"),
    (b"{\\rtf", "a rich-text document"),
)


@contextmanager
def opened(found: Path | str, limits: Limits, scratch: Path) -> Iterator[Content]:
    """The content behind a path or address; decompressed copies live in `scratch` while it is open.

    Raises `Unfit` for what is empty, cut, corrupt, too large or of a format that holds no log.
    """
    if isinstance(found, str):
        yield Content(name=without_secrets(found), address=found)
        return
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="read-") as folder:
        if found.is_dir():
            raise Unfit("format", f"{found.name} is a folder.", hint="Name one file in it.")
        yield replace(_unpacked(found, limits, Path(folder)), name=found.name)


def without_secrets(address: str) -> str:
    """An address without user, password and query."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
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
        return _disagreeing(content, name, not name.lower().endswith(".zip"), "a zip archive")
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise Unfit("format", f"{name} is an HTML page, not an event log.", hint="Perhaps a sign-in page?")
    for magic, what in FOREIGN:
        if head.startswith(magic):
            raise Unfit("format", f"{name} is {what}, not an event log.", hint="Export it as CSV or XES.")
    size = path.stat().st_size
    if size > limits.bytes:
        raise Unfit("limit", f"{name}: {size:,} bytes are over the limit of {limits.bytes:,}.", hint=LIMIT)
    content = Content(name=name, path=path, size=size, digest=_sha256(path), head=head)
    return _disagreeing(content, name, name.lower().endswith((".gz", ".zip")), "not compressed")


LIMIT = "The setting max_file_bytes raises the limit."


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _gunzip(path: Path, copy: Path, limits: Limits, name: str) -> None:
    try:
        with gzip.open(path) as source:
            _copy(source, copy, path.stat().st_size, limits, name)
    except EOFError as error:
        raise Unfit("truncated", f"{name} is truncated: the gzip stream ends in the middle.") from error
    except gzip.BadGzipFile as error:
        wrong = "checksum" if "CRC" in str(error) or "length" in str(error) else "corrupt"
        raise Unfit(wrong, f"{name}: gzip says {error} (wrong checksum or damaged content).") from error
    except zlib.error as error:
        raise Unfit("corrupt", f"{name}: the gzip stream is corrupt or truncated ({error}).") from error


def _unzipped(path: Path, limits: Limits, folder: Path, depth: int, name: str) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.filename.endswith("/")]
            _refuse_strange(members, name)
            if len(members) > 1:
                return _documents(archive, members, limits, folder, name)
            copy = folder / f"content-{depth}"
            with archive.open(members[0]) as source:
                _copy(source, copy, members[0].compress_size, limits, name)
    except zipfile.BadZipFile as error:
        wrong = "checksum" if "CRC" in str(error) else "truncated"
        raise Unfit(wrong, f"{name}: the zip is truncated or has a wrong checksum ({error}).") from error
    except (EOFError, zlib.error, struct.error, ValueError) as error:
        raise Unfit("truncated", f"{name}: the zip is truncated or corrupt ({error}).") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a disk that is full is no fault of the archive
            raise
        raise Unfit("truncated", f"{name}: the zip points outside itself; it is truncated.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise Unfit("format", f"{name}: this zip cannot be opened ({error}).") from error
    return _deeper(copy, limits, folder, depth, PurePosixPath(members[0].filename).name)


def _refuse_strange(members: list[zipfile.ZipInfo], name: str) -> None:
    if not members:
        raise Unfit("empty", f"{name} is empty: the zip has no members.")
    for member in members:
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        leaves = inside.is_absolute() or ".." in inside.parts or member.filename[1:2] == ":"
        if leaves or not inside.name:
            raise Unfit("path", f"{name}: the member {member.filename!r} has a path that leaves the archive.")
    names = {m.filename for m in members}
    if "[Content_Types].xml" in names:
        what = "an Excel workbook" if any(n.startswith("xl/") for n in names) else "an Office document"
        raise Unfit("format", f"{name} is {what}.", hint="Save the sheet as CSV.")


def _documents(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits, folder: Path, name: str
) -> Content:
    """Several members are one source only when each is a JSON document, as exports of issues are."""
    if not all(m.filename.lower().endswith(".json") for m in members):
        raise Unfit(
            "members",
            f"{name} has {len(members)} members; which one is the log?",
            hint="Take the one you mean out of the zip.",
        )
    total, digest = 0, hashlib.sha256()
    inside = folder / "members"
    inside.mkdir()
    ordered = sorted(members, key=lambda m: m.filename)
    for number, member in enumerate(ordered):
        target = inside / f"{number:07d}"
        with archive.open(member) as source:
            total += _copy(source, target, member.compress_size, limits, name)
        if total > limits.bytes:
            raise Unfit("limit", f"{name}: its members are over {limits.bytes:,} bytes.", hint=LIMIT)
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

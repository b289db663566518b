"""Compressed files: cut, damaged, lying about themselves, or bombs."""

# ruff: noqa: E501 - tables are read across

import struct
import zipfile
from pathlib import Path

from tests.ingest.hostile.making import (
    CSV,
    XES,
    Hostile,
    fine,
    gz,
    parted,
    record,
    refused,
    warned,
    zipped,
)


def wrong_crc(data: bytes) -> bytes:
    return data[:-8] + struct.pack("<I", 0xDEADBEEF) + data[-4:]


def wrong_length(data: bytes) -> bytes:
    return data[:-4] + struct.pack("<I", 7)


def flipped(data: bytes) -> bytes:
    """One bit of the compressed content is wrong."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def wrong_member_crc() -> bytes:
    data = bytearray(zipped({"log.csv": CSV}))
    directory = data.find(b"PK\x01\x02")
    data[directory + 16 : directory + 20] = data[14:18] = b"\xde\xad\xbe\xef"
    return bytes(data)


def marked(name: str, *, flags: int = 0, mode: int = 0) -> bytes:
    """A zip whose one member has a flag or a mode of a file system set."""
    data = bytearray(zipped({name: CSV}))
    directory = data.find(b"PK\x01\x02")
    data[6] |= flags
    data[directory + 8] |= flags
    data[directory + 5] = 3  # made on Unix
    data[directory + 38 : directory + 42] = struct.pack("<I", mode << 16)
    return bytes(data)


def big_zip(path: Path) -> None:
    """A zip in the form for files over 4 GB, though this one is small."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(CSV.encode())


def overlapping() -> bytes:
    """36 entries of the directory for the same few kilobytes: documents of 540 MB in all."""
    once = zipped({"0.json": b"[" + b" " * (15 << 20) + b"]"})
    directory = once.find(b"PK\x01\x02")
    end = once.find(b"PK\x05\x06")
    entry = once[directory:end]
    closing = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 36, 36, 36 * len(entry), directory, 0)
    return once[:directory] + 36 * entry + closing


def tar(content: bytes) -> bytes:
    import io
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


DATA = CSV.encode()
PACKED = gz(CSV)
DOCUMENTS = {"a.json": record(), "b.json": record(activity='"b"')}

ARCHIVES: tuple[Hostile, ...] = (
    refused("gzip without its last byte", "a.csv.gz", PACKED[:-1], "truncated"),
    refused("gzip cut in the middle", "a.csv.gz", gz(CSV * 50)[:-30], "truncated"),
    refused("gzip cut in its header", "a.csv.gz", PACKED[:7], "truncated"),
    refused("gzip of a cut xes", "a.xes.gz", gz(XES[:-9]), "truncated"),
    refused("gzip with a wrong checksum", "a.csv.gz", wrong_crc(PACKED), "checksum"),
    refused("gzip with a wrong length", "a.csv.gz", wrong_length(PACKED), "checksum"),
    refused("gzip with a flipped bit", "a.csv.gz", flipped(gz(CSV * 50)), "checksum"),
    refused("gzip with garbage behind", "a.csv.gz", PACKED + b"garbage", "corrupt"),
    refused("gzip of nothing", "a.csv.gz", gz(b""), "empty"),
    refused("gzip three times", "a.csv.gz", gz(gz(gz(CSV))), "nest"),
    refused("zip in gzip in zip", "a.zip", zipped({"b.zip.gz": gz(zipped({"a.csv": CSV}))}), "nest"),
    refused("gzip bomb", "a.csv.gz", lambda _: gz(bytes(80 << 20)), "size"),
    refused("gzip bomb of spaces", "a.xes.gz", lambda _: gz(XES + " " * (80 << 20)), "size"),
    refused("gzip bomb in a gzip", "a.csv.gz", lambda _: gz(gz(bytes(300 << 20))), "size"),
    refused("gzip bomb in a zip", "a.zip", lambda _: zipped({"a.csv.gz": gz(b"a" * (80 << 20))}), "size"),
    refused("zip bomb", "a.zip", lambda _: zipped({"a.csv": b"0" * (80 << 20)}), "size"),
    refused("zip bomb of overlapping members", "a.zip", lambda _: overlapping(), "size"),
    refused("zip cut", "a.zip", zipped({"a.csv": CSV * 50})[:-40], "truncated"),
    refused("zip of which only the head is left", "a.zip", zipped({"a.csv": CSV * 50})[:60], "truncated"),
    refused("zip with a wrong checksum", "a.zip", lambda _: wrong_member_crc(), "checksum"),
    refused("zip without members", "a.zip", zipped({}), "empty"),
    refused("zip with a folder only", "a.zip", zipped({"logs/": b""}), "empty"),
    refused("zip with an empty member", "a.zip", zipped({"a.csv": b""}), "empty"),
    refused("zip with two members", "a.zip", zipped({"a.csv": CSV, "b.csv": CSV}), "members"),
    refused("zip with two kinds of members", "a.zip", zipped({"a.json": record(), "b.csv": CSV}), "members"),
    refused("zip that climbs", "a.zip", zipped({"../../etc/a.csv": CSV}), "path"),
    refused("zip that climbs inside", "a.zip", zipped({"a/../../b.csv": CSV}), "path"),
    refused("zip that climbs beside a log", "a.zip", zipped({"a.csv": CSV, "../.x": "x"}), "path"),
    refused("zip that climbs by backslash", "a.zip", zipped({"..\\a.csv": CSV}), "path"),
    refused("zip with an absolute path", "a.zip", zipped({"/etc/a.csv": CSV}), "path"),
    refused("zip with a drive", "a.zip", zipped({"C:\\a.csv": CSV}), "path"),
    refused("zip with a link", "a.zip", marked("a.csv", mode=0o120777), "path"),
    refused("zip with a password", "a.zip", marked("a.csv", flags=1), "encrypted"),
    refused("tar", "a.csv", tar(DATA), "tar"),
    refused("tar in gzip", "a.tar.gz", gz(tar(DATA)), "tar"),
    warned("gzip that does not say so", "a.csv", PACKED, 9, "name_and_content"),
    warned("csv that calls itself gzip", "a.csv.gz", CSV, 9, "name_and_content"),
    warned("xes that calls itself zip", "a.zip", XES, 3, "name_and_content"),
    warned("zip that calls itself csv", "a.csv", zipped({"a.csv": CSV}), 9, "name_and_content"),
    fine("gzip in two parts", "a.csv.gz", gz(CSV[:60]) + gz(CSV[60:]), 9),
    fine("gzip padded with zeros", "a.csv.gz", PACKED + bytes(512), 9),
    fine("gzip in a zip", "a.zip", zipped({"a.csv.gz": PACKED}), 9),
    fine("xes in gzip", "a.xes.gz", gz(XES), 3),
    fine("zip in the form for large files", "a.zip", big_zip, 9),
    fine("zip that is not packed", "a.zip", zipped({"a.csv": CSV}, zipfile.ZIP_STORED), 9),
    fine("zip with what macOS adds", "a.zip", zipped({"a.csv": CSV, "__MACOSX/._a.csv": b"\0\5"}), 9),
    fine("zip with a folder", "a.zip", zipped({"logs/": b"", "logs/a.csv": CSV}), 9),
    fine("zip of documents", "a.zip", zipped(DOCUMENTS), 2),
    parted("zip with a bad row", "a.zip", zipped({"a.csv": CSV + "c1,a\n"}), 10, 1, "too few", "malformed_row"),
    parted("gzip with a bad row", "a.csv.gz", gz(CSV + "c1,a,soon,x\n"), 10, 1, "soon", "unreadable_time"),
)  # fmt: skip

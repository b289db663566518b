"""Names what is no event log by its first bytes, so that nobody searches for columns in a picture."""

from pathlib import Path

from ingest.encoding import marked
from ingest.errors import Unfit

PORTION = 1 << 20
MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (OLE: .xls or .doc)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MSCF", "a cabinet archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"\x1f\x9d", "a file of the old compress (.Z)"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\0\x01\0\0Standard ", "an Access database"),
    (b"{\\rtf", "a rich-text document"),
    (b"-----BEGIN PGP", "an encrypted message (PGP)"),
)
HTML = ("<!doctype html", "<html")
OLE = b"\xd0\xcf\x11\xe0"


def refuse_foreign(path: Path, head: bytes, name: str) -> None:
    """Raise `Unfit` saying what the file is, where its first bytes say that it is no log."""
    if _is_html(head):
        raise Unfit(
            "format",
            f"{name} is an HTML page, not an event log.",
            hint="Perhaps a sign-in page was saved in its place, or a table as a web page: save it as CSV.",
        )
    what = next((what for magic, what in MAGIC if head.startswith(magic)), None)
    if head.startswith(OLE):
        _refuse_protected(path, name)
    if head[257:262] == b"ustar":
        what = "a tar archive"
    elif head.startswith(b"MZ") and b"\0" in head[:64]:
        what = "a program"
    elif head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        what = "a Python pickle, which is never opened"
    if what is not None:
        raise Unfit("format", f"{name} is {what}, not an event log.", hint="Export it as CSV or XES.")


def _is_html(head: bytes) -> bool:
    text = head[:4096].decode(marked(head) or "utf-8", errors="replace").lstrip("\ufeff \t\r\n").lower()
    return text.startswith(HTML)


def _refuse_protected(path: Path, name: str) -> None:
    """Say so where an Office document is encrypted: the workbook then lies inside an older container."""
    mark = "EncryptedPackage".encode("utf-16-le")
    with path.open("rb") as file:
        before = b""
        while portion := file.read(PORTION):
            if mark in before + portion:
                raise Unfit(
                    "password",
                    f"{name} is an Office document protected by a password.",
                    hint="Save it without the password.",
                )
            before = portion[-len(mark) :]

"""Says what is wrong with XML that has to be refused, and where."""

import re
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ingest.errors import Unfit

CUT = (3, 5, 6, 13, 20)
"""Expat's codes for content that ends too soon: no element, unclosed token, partial character, CDATA."""
INVALID, UNKNOWN_ENCODING, WRONG_ENCODING, PROLOG_ENCODING = 4, 18, 19, 30
ASCII = ("us-ascii", "ascii")
MEND = "Export it again, or mend it at that place."
WINDOW = 24


def parse(parser: Any, portion: bytes, *, final: bool, name: str, path: Path) -> None:
    """Feed a portion to expat; raises `Unfit` in the words of the table of outcomes."""
    try:
        parser.Parse(portion, final)
    except expat.ExpatError as error:
        raise _unfit(parser, error, final=final, name=name, path=path) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not for XML
        raise Unfit(
            "encoding",
            f"{name} declares the encoding {_declared(path)!r}, which XML cannot be read in: {error}.",
            hint="Save it as UTF-8.",
        ) from error


def refuse_doctype(name: str) -> Unfit:
    """A document type can name files and addresses to fetch, and grow without end: none is read."""
    return Unfit("DTD", f"{name} has a DOCTYPE (DTD); an event log needs none.", hint="Take it out.")


def _unfit(parser: Any, error: expat.ExpatError, *, final: bool, name: str, path: Path) -> Unfit:
    said = expat.ErrorString(error.code).removeprefix("not well-formed ").strip("()")
    where = f"line {error.lineno}"
    if final and error.code in CUT:
        message = f"{name} is truncated: it ends inside the log, at {where}."
        return Unfit("truncated", message, where=where, hint="Export or copy it again.")
    around = _around(path, max(0, parser.ErrorByteIndex))
    if b"<!doctype" in around.lower():
        return refuse_doctype(name)
    place = f"{name}, {where}, column {error.offset + 1}"
    if b"\0" in around and not _is_wide(path):
        message = f"{place}: holds NUL bytes, so it is damaged."
        return Unfit("NUL", message, where=where, hint="Copy it again from where it came from.")
    declared = _declared(path)
    expected = "ascii" if declared.lower() in ASCII else "utf-8"
    contradicts = error.code == INVALID and not _is(expected, path)
    if contradicts or error.code in (UNKNOWN_ENCODING, WRONG_ENCODING, PROLOG_ENCODING):
        means = f"encoding it declares, {declared}" if declared else "encoding it has to be in, UTF-8"
        message = f"{place}: its bytes contradict the {means} ({said})."
        return Unfit("encoding", message, where=where, hint="Declare the right one in its first line.")
    return Unfit("line", f"{place}: not well-formed XML ({said}).", where=where, hint=MEND)


DECLARED = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*['"]([^'"]{1,60})['"]""")


def _declared(path: Path) -> str:
    """The encoding named in the first line, if any."""
    with path.open("rb") as file:
        found = DECLARED.search(file.read(400).replace(b"\0", b""))
    return found[1].decode(errors="replace") if found else ""


def _around(path: Path, at: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, at - WINDOW))
        return file.read(2 * WINDOW)


def _is_wide(path: Path) -> bool:
    """Whether characters take two bytes or more, so that NUL bytes are part of them."""
    with path.open("rb") as file:
        head = file.read(4)
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head


def _is(encoding: str, path: Path) -> bool:
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while portion := file.read(1 << 20):
                decoder.decode(portion)
    except UnicodeDecodeError:
        return False
    return True

"""Reads the body of an answer: unpacked within a limit, in its encoding, as JSON."""

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

from ingest.adapters.flat import parsed
from ingest.errors import Unfit

PORTION = 1 << 16
FOREIGN = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzip without saying so", b"%PDF": "a PDF document"}


def unpacked(answer: httpx.Response, most: int, where: str) -> bytes:
    """The body out of gzip or deflate, counted while it grows.

    Raises `Unfit` where it is larger than `most` bytes, cut, corrupt or packed in a way nobody asked for.
    """
    packing = answer.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if packing not in ("identity", "gzip", "x-gzip", "deflate"):
        raise Unfit(
            "format",
            f"{where}: the body is packed as {packing!r}, which was not asked for.",
            hint="Baton asks for gzip and deflate only; something between may repack.",
        )
    parts, size = [], 0
    try:
        for part in _plain(answer, packing):
            size += len(part)
            if size > most:
                raise Unfit(
                    "limit",
                    f"{where}: more than {most:,} bytes unpacked, over the size limit.",
                    hint="Ask for fewer records at a time, or raise the source's page_bytes and total_bytes.",
                )
            parts.append(part)
    except zlib.error as error:
        raise Unfit("corrupt", f"{where}: the {packing} stream is corrupt ({error}).") from error
    return b"".join(parts)


def _plain(answer: httpx.Response, packing: str) -> Iterator[bytes]:
    if packing == "identity":
        yield from answer.iter_raw()
        return
    unpacker, begun = None, False
    for raw in answer.iter_raw():
        if not raw:
            continue
        if unpacker is None:  # deflate is sent with and without the header of zlib
            naked = packing == "deflate" and raw[0] & 0x0F != 8
            unpacker = zlib.decompressobj(-15 if naked else 47 if packing != "deflate" else 15)
        begun = True
        while raw:
            yield unpacker.decompress(raw, PORTION)
            raw = unpacker.unconsumed_tail
    if begun and unpacker is not None and not unpacker.eof:
        raise zlib.error("it ends in the middle: truncated")


def document(answer: httpx.Response, body: bytes, where: str) -> Any:
    """The body as JSON, numbers as they were written; raises `Unfit` for anything else."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if kind in ("text/html", "application/xhtml+xml") or start[:1] == b"<":
        title = re.search(rb"<title[^>]*>(.{1,100}?)</title", body[:20_000], re.I | re.S)
        said = f" ({' '.join(title[1].decode(errors='replace').split())!r})" if title else ""
        what = "XML" if b"<?xml" in start and kind != "text/html" else "an HTML page"
        raise Unfit(
            "format",
            f"{where}: answered {answer.status_code} with {what}{said}, not JSON.",
            hint="Perhaps a sign-in page: check auth and the address.",
        )
    for magic, what in FOREIGN.items():
        if body.startswith(magic):
            raise Unfit("format", f"{where}: the body is {what}, not JSON.")
    if not start:
        raise Unfit("empty", f"{where}: answered {answer.status_code} with an empty body.")
    return parsed(_text(answer, body, where), where)


def _text(answer: httpx.Response, body: bytes, where: str) -> str:
    named = re.search(r"charset=\"?([\w.:-]+)", answer.headers.get("content-type", ""), re.I)
    name = named[1] if named else json.detect_encoding(body)
    try:
        codec = codecs.lookup(name)
    except LookupError as error:
        raise Unfit("encoding", f"{where}: there is no encoding {name!r}.") from error
    if codec.name == "utf-8":
        codec = codecs.lookup("utf-8-sig")
    try:
        return codec.decode(body)[0]
    except (UnicodeDecodeError, TypeError) as error:
        place = getattr(error, "start", 0)
        raise Unfit(
            "encoding", f"{where}: byte {place:,} is not valid {name}, which the answer declares (encoding)."
        ) from error

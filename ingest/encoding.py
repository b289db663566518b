"""Which characters the bytes of a text file stand for, decided over the whole file before it is read."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from home.errors import UsageError
from ingest.adapter import Content
from ingest.contracts import Finding
from ingest.errors import Unfit

PORTION = 4 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Text:
    """How to decode a file."""

    encoding: str
    marked: bool
    """A byte order mark says so."""
    torn: bool = False
    """UTF-8 but for a few rows, which will be set aside."""
    findings: tuple[Finding, ...] = ()


def examine(content: Content, declared: str | None = None) -> Text:
    """The encoding of a text file, by mark, declaration or content.

    Raises `Unfit`: "encoding" where bytes contradict what is declared or marked, "NUL" where the
    file holds NUL bytes and so is no text; `UsageError` for an encoding nobody knows.
    """
    marked = next((name for mark, name in MARKS if content.head.startswith(mark)), None)
    if declared is not None:
        try:
            codecs.lookup(declared)
        except LookupError as error:
            raise UsageError(
                f"There is no encoding {declared!r}.", hint="Such as utf-8 or cp1252."
            ) from error
        if marked == "utf-8-sig" and codecs.lookup(declared).name == "utf-8":
            declared = marked
    chosen = declared or marked
    if chosen and codecs.lookup(chosen).name not in ("utf-8", "utf-8-sig"):
        _demand(content, chosen)
        return Text(chosen, marked is not None)
    invalid, foreign = _survey(content)
    if not invalid:
        return Text(chosen or "utf-8", marked is not None)
    if chosen:
        raise Unfit(
            "encoding",
            f"{content.name}: {invalid:,} bytes are not {chosen}, the encoding it is declared in.",
            hint="Leave --encoding out, or name the right one.",
        )
    if foreign > 4 * invalid:
        return Text("utf-8", marked=False, torn=True)
    return _guessed(content)


def decoded(content: Content, text: Text, portion: int = PORTION) -> Iterator[bytes]:
    """The file as UTF-8 in portions, without its mark; bytes that are not UTF-8 stay when it is torn."""
    with content.file.open("rb") as file:
        if text.encoding in ("utf-8", "utf-8-sig"):
            first = file.read(portion).removeprefix(codecs.BOM_UTF8)
            while first:
                yield first
                first = file.read(portion)
            return
        decoder = codecs.getincrementaldecoder(text.encoding)()
        while raw := file.read(portion):
            yield decoder.decode(raw).encode()
        yield decoder.decode(b"", final=True).encode()


def _survey(content: Content) -> tuple[int, int]:
    """How many bytes are not UTF-8, and how many characters beyond ASCII are."""
    invalid = foreign = 0
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    for raw in _portions(content):
        if b"\0" in raw:
            raise Unfit(
                "NUL",
                f"{content.name} holds NUL bytes: it is damaged, or no text in UTF-8.",
                hint="If it is UTF-16 without a mark, say --encoding utf-16-le.",
            )
        portion = decoder.decode(raw)
        if not portion.isascii():
            wrong = sum(map(portion.count, map(chr, range(0xDC80, 0xDD00)))) if _torn(portion) else 0
            invalid += wrong
            foreign += len(portion) - len(portion.encode("ascii", "ignore")) - wrong
    return invalid + len(decoder.decode(b"", final=True)), foreign


def _torn(portion: str) -> bool:
    try:
        portion.encode()
    except UnicodeEncodeError:
        return True
    return False


def _portions(content: Content) -> Iterator[bytes]:
    with content.file.open("rb") as file:
        while raw := file.read(PORTION):
            yield raw


def _demand(content: Content, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for raw in _portions(content):
            decoder.decode(raw)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise Unfit(
            "encoding",
            f"{content.name}: its bytes contradict its encoding {encoding} ({error}).",
            hint="Name the right one with --encoding.",
        ) from error


def _guessed(content: Content) -> Text:
    encoding = "cp1252"
    try:
        _demand(content, encoding)
    except Unfit:
        encoding = "latin-1"
    finding = Finding(
        code="encoding_guessed",
        severity="warning",
        count=1,
        message=f"Not UTF-8: read as {encoding}. If names look wrong, say --encoding.",
    )
    return Text(encoding, marked=False, findings=(finding,))

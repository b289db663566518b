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
    """UTF-8 but for a few lines, which will be set aside."""
    findings: tuple[Finding, ...] = ()

    @property
    def unicode(self) -> bool:
        """Whether it is one of the encodings of Unicode, which are never guessed without a reason."""
        return codecs.lookup(self.encoding).name.startswith("utf")


def marked(head: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning of a file tells."""
    return next((name for mark, name in MARKS if head.startswith(mark)), None)


def examine(content: Content, declared: str | None = None) -> Text:
    """The encoding of a text file, by mark, declaration or content.

    Raises `Unfit`: "encoding" where bytes contradict what is declared or marked, "NUL" where the
    file holds NUL bytes and so is no text; `UsageError` for an encoding nobody knows.
    """
    mark = marked(content.head)
    if declared is not None:
        declared = _known(declared, mark, content.name)
    chosen = declared or mark
    if chosen and codecs.lookup(chosen).name not in ("utf-8", "utf-8-sig"):
        _demand(content, chosen)
        return Text(chosen, mark is not None)
    if chosen is None and (wide := _wide(content)):
        return Text(wide, marked=False, findings=(_guess(wide),))
    if _is_utf8(content):
        return Text(chosen or "utf-8", mark is not None)
    sound, torn, first = _lines(content)
    if chosen:
        lines = "1 line is" if torn == 1 else f"{torn:,} lines are"
        raise Unfit(
            "encoding",
            f"{content.name}, line {first:,}: {lines} not in UTF-8, the encoding it is declared in.",
            where=f"line {first}",
            hint="Leave --encoding out, or name the right one."
            if declared
            else "Export it again: it begins with the mark of UTF-8.",
        )
    if torn <= sound:
        return Text("utf-8", marked=False, torn=True)
    if torn < CHANCE * sound:
        raise Unfit(
            "encoding",
            f"{content.name}, line {first:,}: a mixed encoding, {sound:,} lines in UTF-8, {torn:,} not.",
            where=f"line {first}",
            hint="Export it again in one encoding, or name one with --encoding.",
        )
    return _guessed(content)


CHANCE = 20
"""Lines of another encoding of which one may look like UTF-8 by chance."""
WIDE_LETTERS = 0.6
"""Share of the characters of wide text whose other byte is zero, as those of Western letters are."""
CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
KINDS = {
    (".db", ".sqlite", ".sqlite3"): "SQLite database",
    (".parquet", ".pq"): "Parquet file",
    (".xlsx", ".xlsm"): "Excel workbook",
}


def _known(declared: str, mark: str | None, name: str) -> str:
    """The declared encoding, the mark of the file taken into account."""
    try:
        known = codecs.lookup(declared).name
        "".encode(known)  # some codecs, such as zip, are none of text
    except LookupError as error:
        raise UsageError(f"There is no encoding {declared!r}.", hint="Such as utf-8 or cp1252.") from error
    if mark is None:
        return declared
    if not known.startswith(codecs.lookup(mark).name.removesuffix("-sig")):
        raise Unfit(
            "encoding",
            f"{name} begins with the mark of {mark.removesuffix('-sig')}, which contradicts "
            f"the declared encoding {declared}.",
            hint="Leave --encoding out.",
        )
    return mark


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


def _wide(content: Content) -> str | None:
    """UTF-16 without a mark, told by the zeros that it makes of every second byte of Western letters."""
    head = content.head[: len(content.head) // 2 * 2]
    if not head or content.size % 2:
        return None
    even, odd = (head[start::2].count(0) / (len(head) / 2) for start in (0, 1))
    guess = "utf-16-le" if even < 0.05 and odd > WIDE_LETTERS else None
    guess = "utf-16-be" if odd < 0.05 and even > WIDE_LETTERS else guess
    try:
        if guess:
            _demand(content, guess)
    except Unfit:
        return None
    return guess


def _is_utf8(content: Content) -> bool:
    """Whether every byte is; raises `Unfit` where there are NUL bytes, which no text has."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    sound, before = True, 0
    for raw in _portions(content):
        if (at := raw.find(b"\0")) >= 0:
            line = _line_at(content, before + at)
            raise Unfit(
                "NUL",
                f"{content.name}, line {line:,}: NUL bytes, so it is damaged or no text{_nor(content)}.",
                where=f"line {line}",
                hint="Copy or export it again.",
            )
        before += len(raw)
        try:
            sound = sound and decoder.decode(raw) is not None
        except UnicodeDecodeError:
            sound = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return sound


def _line_at(content: Content, place: int) -> int:
    """The line in which the byte at `place` stands."""
    line = 1
    for raw in _portions(content):
        if place <= len(raw):
            return line + raw.count(b"\n", 0, place)
        line += raw.count(b"\n")
        place -= len(raw)
    return line


def _nor(content: Content) -> str:
    """What the name says that it is, and the content is not."""
    name = content.name.lower()
    kind = next((kind for suffixes, kind in KINDS.items() if name.endswith(suffixes)), None)
    if kind is None:
        return ""
    with content.file.open("rb") as file:
        file.seek(max(0, content.file.stat().st_size - 4))
        if kind == "Parquet file" and file.read() == b"PAR1":
            return ": it is a truncated Parquet file, whose beginning is missing"
    return f", nor is it a {kind}, as its name says; it may be encrypted"


def _lines(content: Content) -> tuple[int, int, int]:
    """How many lines have more than ASCII in UTF-8, how many in other bytes, and the first of the latter."""
    sound = torn = first = 0
    for number, line in enumerate(_each_line(content), start=1):
        if line.isascii():
            continue
        if _sound(line):
            sound += 1
        else:
            torn, first = torn + 1, first or number
    return sound, torn, first


def _each_line(content: Content) -> Iterator[bytes]:
    with content.file.open("rb") as file:
        for line in file:
            yield from line.rstrip(b"\n").split(b"\r") if b"\r" in line.rstrip(b"\r\n") else (line,)


def _sound(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _portions(content: Content) -> Iterator[bytes]:
    with content.file.open("rb") as file:
        while raw := file.read(PORTION):
            yield raw


def _demand(content: Content, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for raw in _portions(content):
            line += decoder.decode(raw).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        said = getattr(error, "reason", str(error))
        raise Unfit(
            "encoding",
            f"{content.name}, from line {line:,} on: its bytes contradict its encoding {encoding} ({said}).",
            hint="Name the right one with --encoding.",
        ) from error


def _guessed(content: Content) -> Text:
    head = content.head
    if len(head) - len(head.translate(None, CONTROLS)) > len(head) / 100:
        raise Unfit(
            "encoding",
            f"{content.name} is no text in any encoding{_nor(content)}: it is damaged or of another format.",
            hint="`baton adapters` lists what can be read.",
        )
    encoding = "cp1252"
    try:
        _demand(content, encoding)
    except Unfit:
        encoding = "latin-1"
    return Text(encoding, marked=False, findings=(_guess(encoding),))


def _guess(encoding: str) -> Finding:
    message = f"Not UTF-8: read as {encoding}. If names look wrong, say --encoding."
    return Finding(code="encoding_guessed", severity="warning", count=1, message=message)

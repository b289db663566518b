"""Opens an Excel workbook (Office Open XML): its sheets, shared texts and the formats that mean dates.

Written for strictness and bounded memory: a sheet is streamed cell by cell, whatever size it declares;
only the workbook's shared texts are kept. Nothing of macros, links or drawings is touched.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.adapter import Content, Limits
from ingest.adapters.strict_xml import Start, attributes_of, plain, walk
from ingest.decode import FREE_BYTES, RATIO
from ingest.errors import Unfit

PORTION = 1 << 18
SHARED_BYTES = 512 * 2**20
"""Shared texts are kept in memory, up to this size."""
CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How Office writes a character that XML cannot hold."""
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
"""Parts of a number format that are text, padding, colour or condition."""
BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), "date"),
    **dict.fromkeys((18, 19, 20, 21, *range(32, 36), 45, 47, 55, 56), "time"),
    22: "moment",
    46: "elapsed",
}
"""What the number formats that every workbook has without saying so mean."""


@dataclass(frozen=True)
class Sheet:
    """A worksheet."""

    name: str
    member: str
    """Where it lies in the zip."""
    hidden: bool


class Workbook:
    """A workbook that is open, until `close`."""

    def __init__(self, content: Content, limits: Limits) -> None:
        self.name, self.limits = content.name, limits
        self.packed = content.size
        with _translated(self.name):
            self.archive = zipfile.ZipFile(content.file)
        self.members = {info.filename.lower(): info for info in self.archive.infolist()}
        self.sheets: list[Sheet] = []
        self.since_1904 = False
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        self.archive.close()

    def size_of(self, member: str) -> int:
        """How large a member says it is, unpacked."""
        info = self.members.get(member.lower())
        return info.file_size if info else 0

    def portions(self, member: str) -> Iterator[bytes]:
        """The unpacked content of a member; raises `Unfit` where it is cut, corrupt or swells too much."""
        info = self.members.get(member.lower())
        if info is None:
            raise Unfit("truncated", f"{self.name}: the workbook lacks its part {member!r} (truncated?).")
        allowed = min(self.limits.bytes, max(FREE_BYTES, self.packed * RATIO))
        unpacked = 0
        with _translated(self.name), self.archive.open(info) as file:
            while portion := file.read(PORTION):
                unpacked += len(portion)
                if unpacked > allowed:
                    raise Unfit(
                        "size",
                        f"{self.name}: unpacks to more than {allowed:,} bytes, over the size limit "
                        f"({FREE_BYTES >> 20} MB, or {RATIO} times its packed size).",
                    )
                yield portion

    def stream(
        self, member: str, start: Start, end: Callable[[str], None], text: Callable[[str], None] | None
    ) -> Iterator[int]:
        """Walk through a member's XML, whose names come as they stand; yields after each portion."""
        return walk(self.portions(member), f"{self.name} ({member})", start, end, text)

    def parse(
        self,
        member: str,
        start: Start,
        end: Callable[[str], None] = lambda _tag: None,
        text: Callable[[str], None] | None = None,
    ) -> Iterator[int]:
        """Walk through a member's XML, whose names come without prefix; yields after each portion."""
        return self.stream(
            member, lambda tag, given: start(plain(tag), given), lambda tag: end(plain(tag)), text
        )

    def shared_texts(self) -> list[str]:
        """The texts that cells refer to by number."""
        member = self._part("sharedStrings")
        return list(_shared(self, member)) if member else []

    def kinds(self) -> list[str]:
        """By number of a cell's style: `date`, `moment`, `time`, `elapsed`, or empty for a plain number."""
        member = self._part("styles")
        return _kinds(self, member) if member else []

    def _open(self) -> None:
        top = self._related("_rels/.rels", "")
        at = next((target for kind, target in top.values() if kind == "officeDocument"), "xl/workbook.xml")
        folder, _, file = at.rpartition("/")
        self.related = self._related(f"{folder}/_rels/{file}.rels", folder)
        found: list[dict[str, str]] = []

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "sheet":
                found.append(attributes_of(given))
            elif tag == "workbookPr":
                self.since_1904 = attributes_of(given).get("date1904") in ("1", "true")

        for _ in self.parse(at, start):
            pass
        for sheet in found:
            kind, member = self.related.get(sheet.get("id", ""), ("", ""))
            if kind == "worksheet":
                hidden = sheet.get("state", "visible") != "visible"
                self.sheets.append(Sheet(sheet.get("name", ""), member, hidden))

    def _part(self, kind: str) -> str | None:
        return next((target for found, target in self.related.values() if found == kind), None)

    def _related(self, member: str, folder: str) -> dict[str, tuple[str, str]]:
        """What a part refers to inside the zip: id to kind and member."""
        related: dict[str, tuple[str, str]] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            given = attributes_of(given)
            if tag == "Relationship" and given.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, given.get("Target", ""))).lstrip("/")
                related[given.get("Id", "")] = (given.get("Type", "").rpartition("/")[2], target)

        if member.lower() in self.members:
            for _ in self.parse(member, start):
                pass
        return related


class _translated:
    """Says in our words what is wrong with a zip."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, zipfile.BadZipFile):
            word = "checksum" if "CRC" in str(error) else "truncated"
            message = f"{self.name}: the workbook is truncated or has a wrong checksum ({error})."
            raise Unfit(word, message) from error
        if isinstance(error, EOFError | zlib.error | OSError | UnicodeDecodeError):
            raise Unfit("truncated", f"{self.name}: the workbook is truncated ({error}).") from error
        if isinstance(error, RuntimeError | NotImplementedError):
            raise Unfit("format", f"{self.name}: this workbook cannot be opened ({error}).") from error


def decoded_text(text: str) -> str:
    """A text with the characters that Office wrote as `_x000D_`."""
    return CODED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _shared(workbook: Workbook, member: str) -> Iterator[str]:
    done: list[str] = []
    pieces: list[str] = []
    taking = silent = False
    size = 0

    def start(tag: str, _given: dict[str, str]) -> None:
        nonlocal taking, silent
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":  # how a word is pronounced
            silent = True
        taking = tag == "t" and not silent

    def end(tag: str) -> None:
        nonlocal taking, silent
        taking = False
        if tag == "si":
            done.append(decoded_text("".join(pieces)))
        elif tag == "rPh":
            silent = False

    def text(piece: str) -> None:
        nonlocal size
        if taking:
            pieces.append(piece)
            size += len(piece)

    for _ in workbook.parse(member, start, end, text):
        if size > SHARED_BYTES:
            limit = SHARED_BYTES >> 20
            raise Unfit("size", f"{workbook.name}: over {limit} MB of shared texts.", hint="Save it as CSV.")
        yield from done
        done.clear()


def _kinds(workbook: Workbook, member: str) -> list[str]:
    formats: dict[str, str] = {}
    styles: list[str] = []
    inside: list[str] = []

    def start(tag: str, given: dict[str, str]) -> None:
        given = attributes_of(given)
        if tag == "numFmt":
            formats[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif tag == "xf" and inside and inside[-1] == "cellXfs":
            styles.append(given.get("numFmtId", "0"))
        inside.append(tag)

    def end(_tag: str) -> None:
        inside.pop()

    for _ in workbook.parse(member, start, end):
        pass
    return [_kind(number, formats.get(number)) for number in styles]


def _kind(number: str, code: str | None) -> str:
    """What a number format shows, by its number or by its own code."""
    if code is None:
        return BUILT_IN.get(int(number), "") if number.isdigit() else ""
    shown = NOT_SHOWN.sub("", code.partition(";")[0]).lower()
    if "general" in shown:
        return ""
    if re.search(r"\[[hms]+\]", shown):
        return "elapsed"
    shown = re.sub(r"am/pm|a/p", "h", shown)
    days, hours = bool(re.search(r"[yd]", shown)), bool(re.search(r"[hs]", shown))
    if days or hours:
        return "moment" if days and hours else "date" if days else "time"
    return "date" if "m" in shown else ""

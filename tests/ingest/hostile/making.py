"""How a hostile file is described, and the small sound logs that most of them are made of."""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Content = str | bytes | Callable[[Path], bytes | None]
"""What stands in the file; or a function of its path that returns it, or makes the file itself."""


@dataclass(frozen=True)
class Hostile:
    """One file and what must become of it."""

    name: str
    file: str
    content: Content
    status: str
    """reject, quarantine, ok_warn or ok"""
    word: str = ""
    """Stands in the message of a refusal, or in the reason of the first row set aside."""
    seen: int = 0
    aside: int = 0
    codes: tuple[str, ...] = ()
    """Findings that must be among those reported."""
    cells: Mapping[str, Any] = field(default_factory=dict)
    """Columns of `event` whose values, in the order of the file, must be these."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit(self) -> int:
        """What the command line exits with."""
        return 1 if self.status == "reject" else 0

    def make(self, folder: Path) -> Path:
        """The file, written into the folder."""
        path = folder / self.file
        content = self.content(path) if callable(self.content) else self.content
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def refused(name: str, file: str, content: Content, word: str, **options: Any) -> Hostile:
    """Nothing of it may be loaded, and the message says `word`."""
    return Hostile(name, file, content, "reject", word, options=options)


def parted(
    name: str, file: str, content: Content, seen: int, aside: int, word: str, code: str = "", **options: Any
) -> Hostile:
    """Good rows load; the others are set aside, the first for a reason with `word` in it."""
    codes = (code,) if code else ()
    return Hostile(name, file, content, "quarantine", word, seen, aside, codes, options=options)


def warned(name: str, file: str, content: Content, seen: int, *codes: str, **options: Any) -> Hostile:
    """Everything loads, and findings say what was odd."""
    cells = options.pop("cells", {})
    return Hostile(name, file, content, "ok_warn", "", seen, 0, codes, cells, options)


def fine(name: str, file: str, content: Content, seen: int, *codes: str, **options: Any) -> Hostile:
    """Everything loads, and nothing is wrong with it, strange as it looks."""
    cells = options.pop("cells", {})
    return Hostile(name, file, content, "ok", "", seen, 0, codes, cells, options)


HEAD = "case_id,activity,timestamp,resource\n"
GOOD = "".join(f"c{i % 3},step {i},2026-01-0{1 + i % 9}T10:00:00Z,Ann\n" for i in range(9))
CSV = HEAD + GOOD
AT = "2026-01-05T10:00:00Z"


def xes(inside: str, *, prolog: str = "<?xml version='1.0' encoding='UTF-8'?>") -> str:
    """A log around traces."""
    return f"{prolog}<log xmlns='http://www.xes-standard.org/'>{inside}</log>"


def event(activity: str = "a", at: str = AT, more: str = "") -> str:
    """One event, with `more` inside it."""
    return (
        f"<event><string key='concept:name' value='{activity}'/>"
        f"<date key='time:timestamp' value='{at}'/>{more}</event>"
    )


def trace(name: str, *events: str) -> str:
    """One trace around events."""
    return f"<trace><string key='concept:name' value='{name}'/>{''.join(events)}</trace>"


XES = xes(trace("c1", event(), event("b", "2026-01-06T10:00:00Z")) + trace("c2", event()))
"""Three events in two traces."""


def record(**more: str) -> str:
    """One JSON object; `more` holds JSON text."""
    fields = {"case_id": '"c"', "activity": '"a"', "timestamp": f'"{AT}"', **more}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def gz(content: str | bytes) -> bytes:
    """The content in gzip, the same bytes each time."""
    return gzip.compress(content.encode() if isinstance(content, str) else content, mtime=0)


def zipped(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of the members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()

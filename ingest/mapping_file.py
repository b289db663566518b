"""The mapping file: what the columns of a source mean, how it is read, and how its log is shaped.

system = "ERP"                      # options, as on the command line of `baton ingest`
key = "order"                       # what the case ids number
mask = ["resource"]

[map]                               # field = column
case_id = "Order No"

[links]                             # other keys that a row carries
quote = "Quote No"

[[shape]]                           # steps, in order
rename = "Order recieved"
to = "Order received"
"""

import json
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from home.errors import UsageError
from ingest.mapping import OPTIONS, Wish, known_field
from ingest.shaping import toml_text
from ingest.shaping.steps import Step, as_step, as_values, said_of

Text = Annotated[str, Field(min_length=1)]


class MappingFile(BaseModel):
    """Everything a mapping file can say; field names are its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    adapter: Text | None = None
    """how the source is read; without it the content decides"""
    system: Text | None = None
    """the system the source belongs to, written on every event that does not say"""
    tz: Text | None = None
    """zone of times without an offset, and of days and weeks"""
    dates: Text | None = None
    """order of day and month (dmy, mdy), or the whole format"""
    encoding: Text | None = None
    """character encoding of a text file"""
    delimiter: Text | None = None
    """what separates the fields of a CSV file"""
    sheet: Text | None = None
    """sheet of a workbook"""
    table: Text | None = None
    """table of a database"""
    query: Text | None = None
    """query of a database"""
    cursor: Text | None = None
    """column that grows, by which only what is new is read"""
    records: Text | None = None
    """where the records are in a JSON document"""
    object_type: Text | None = None
    """which kind of object is the case, in an object-centric log"""
    milestones: tuple[Text, ...] = ()
    """columns of times, where each row is a whole case: an event is made of each time"""
    mask: tuple[Text, ...] = ()
    """fields or columns whose values are replaced by keyed digests"""
    key: Text | None = None
    """what the case ids of this source number: order, invoice"""
    root: Text | None = None
    """which of the keys is the case of the whole log; without it that of the first source"""
    map: dict[str, Text] = {}
    """which column is which field"""
    links: dict[str, Text] = {}
    """other keys that a row carries: key = column"""
    tables: dict[str, Text] = {}
    """name in the query = file or table"""
    shape: tuple[Step, ...] = ()
    """steps that shape the log, in order"""

    @classmethod
    def parse(cls, content: str, name: str) -> "MappingFile":
        """From the text of the file called `name`; raises `UsageError` naming the file and the key."""
        try:
            return cls.of(tomllib.loads(content), name)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                f"{name} is not readable TOML: {error}.", hint="Mend the line named above."
            ) from error

    @classmethod
    def of(cls, content: Mapping[str, Any], name: str) -> "MappingFile":
        """From the tables of the file called `name`; raises `UsageError` naming the file and the key."""
        for key in content:
            _require_known(key, name)
        for field in content.get("map", {}) if isinstance(content.get("map"), Mapping) else ():
            try:
                known_field(field)
            except UsageError as error:
                raise UsageError(f"{name}, [map]: {error.message}", hint=error.hint) from error
        steps = content.get("shape", [])
        if not isinstance(steps, list | tuple):
            raise UsageError(f"{name}: shape is no list of steps.", hint="Begin each step with [[shape]].")
        shape = tuple(as_step(step, f"{name}, step {n}") for n, step in enumerate(steps, 1))
        try:
            return cls.model_validate({**content, "shape": shape})
        except ValidationError as error:
            first = error.errors()[0]
            place, said = ".".join(map(str, first["loc"])), said_of(first)
            raise UsageError(f"{name}: {place} {said}.", hint=_example(str(first["loc"][0]))) from error

    @classmethod
    def read(cls, path: Path | str) -> "MappingFile":
        """From a file; raises `UsageError` where it cannot be read."""
        name = Path(path).name
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or error
            raise UsageError(f"Cannot read the mapping file {name}: {said}.") from error

    @classmethod
    def from_how(cls, how: str, name: str) -> "MappingFile":
        """What is remembered of how a source was read, as a mapping file; the content tells the adapter."""
        known = {k: v for k, v in json.loads(how).items() if k in KEYS and k != "adapter" and v}
        return cls.of(known, name)

    @property
    def wish(self) -> Wish:
        """What it says about the columns."""
        return Wish(dict(self.map), dict(self.links))

    @property
    def options(self) -> dict[str, str]:
        """The options it sets, as on the command line."""
        return {name: getattr(self, name) for name in OPTIONS if getattr(self, name) is not None}

    def to_toml(self, *, head: str = "", notes: Mapping[str, str] | None = None) -> str:
        """The file's text, with a comment on each key; reading it gives this model again.

        `head` is a comment above everything. `notes` says why, by key of the file or of its [map].
        """
        notes = notes or {}
        parts = [toml_text.comment(head) + "\n"] if head else []
        tables = ("map", "links", "tables", "shape")
        lines = [_line(name, getattr(self, name), notes) for name in KEYS if name not in tables]
        parts += ["\n".join(filter(None, lines)) + "\n"] if any(lines) else []
        for name in tables[:3]:
            entries = getattr(self, name)
            if entries:
                table = [_commented(f"[{name}]", notes.get(name) or _help(name))]
                table += [_entry(key, column, notes) for key, column in entries.items()]
                parts.append("\n".join(table) + "\n")
        for number, step in enumerate(self.shape):
            table = ["[[shape]]" if number else _commented("[[shape]]", notes.get("shape") or _help("shape"))]
            table += [f"{toml_text.key(k)} = {toml_text.value(v)}" for k, v in as_values(step).items()]
            parts.append("\n".join(table) + "\n")
        return "\n".join(parts)


KEYS = tuple(MappingFile.model_fields)


def _line(name: str, content: object, notes: Mapping[str, str]) -> str:
    if content is None or content == ():
        return ""
    return _commented(f"{name} = {toml_text.value(content)}", notes.get(name) or _help(name))


def _entry(name: str, column: str, notes: Mapping[str, str]) -> str:
    return _commented(f"{toml_text.key(name)} = {toml_text.value(column)}", notes.get(name, ""))


def _commented(line: str, words: str) -> str:
    """`line` with a comment after it, or above it where it has several lines or would grow long."""
    if not words:
        return line
    said = toml_text.comment(words)
    if "\n" in line or "\n" in said or len(line) + len(said) > 100:
        return f"{said}\n{line}"
    return f"{line}  {said}"


def _help(name: str) -> str:
    return MappingFile.model_fields[name].description or ""


def _require_known(key: str, name: str) -> None:
    if key in KEYS:
        return
    near = get_close_matches(key, KEYS, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"{name}: {key!r} is no key of a mapping file.",
        hint=f"{guess}It has the tables [map], [links], [tables], [[shape]], the list mask, and the options"
        f" {', '.join((*OPTIONS, 'key', 'root'))}.",
    )


def _example(key: str) -> str:
    if key in ("map", "links", "tables"):
        return f'[{key}] has lines of the form name = "column".'
    return 'Such as mask = ["resource"].' if key == "mask" else f'Such as {key} = "text".'

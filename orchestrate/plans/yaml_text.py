"""YAML read strictly: no aliases, tags, duplicate keys or surprises of type, and every value has its line."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from home.errors import BatonError

LARGEST = 8_000_000
"""Characters of a file."""
DEEPEST = 100
Lines = dict[tuple[str | int, ...], int]
"""Path to the line, from 1, on which its value begins."""

# Each a part of what YAML 1.1 reads as a number, so that a text never comes back as one.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


class YamlError(BatonError):
    """A text is not the YAML that is read here."""

    code = "yaml"

    def __init__(self, reason: str, line: int, *, hint: str = "") -> None:
        super().__init__(f"line {line}: {reason}", hint=hint)
        self.line = line


def read_yaml(text: str) -> tuple[Any, Lines]:
    """The document in `text` and the line of each value; JSON is YAML too.

    Raises `YamlError` for what is not well-formed, and for aliases, tags, duplicate keys, keys that
    are no text, nesting past 100 levels and more than 8 million characters.
    """
    if len(text) > LARGEST:
        raise YamlError(f"the file has {len(text)} characters; the most is {LARGEST}.", 1)
    reader = _Reader(text)
    return reader.document(), reader.lines


def write_yaml(document: Any) -> str:
    """`document` as YAML that `read_yaml` reads back equal; lists of plain values stay on one line."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.CSafeDumper):
    """Writes no aliases, and short lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library asks for each value
        return True


def _represent_list(dumper: _Dumper, items: list[Any]) -> yaml.SequenceNode:
    flat = all(isinstance(item, str | int | float | None) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


_Dumper.add_representer(list, _represent_list)


class _Reader:
    """Builds plain values from parse events."""

    def __init__(self, text: str) -> None:
        self.lines: Lines = {}
        self._events = self._parsed(text)

    def _parsed(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise YamlError(f"{problem}.", mark.line + 1 if mark else 1) from error

    def document(self) -> Any:
        next(self._events)  # the stream begins
        begin = next(self._events)
        if isinstance(begin, yaml.StreamEndEvent):
            raise YamlError("the file is empty.", 1)
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise YamlError("a second document begins; one file holds one.", after.start_mark.line + 1)
        return value

    def _value(self, event: Any, path: tuple[str | int, ...]) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(f"an alias *{event.anchor}; write the value out.", line)
        if event.tag not in (None, "!") or event.anchor:
            raise YamlError(f"{event.tag or '&' + event.anchor}: tags and anchors are not read here.", line)
        if len(path) > DEEPEST:
            raise YamlError(f"nested deeper than {DEEPEST} levels.", line)
        self.lines[path] = line
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _list(self, path: tuple[str | int, ...]) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _mapping(self, path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlError("a key must be text.", line)
            key: str = event.value
            if key in found:
                raise YamlError(
                    f"the key {key!r} is given twice; first on line {self.lines[(*path, key)]}.", line
                )
            found[key] = self._value(next(self._events), (*path, key))
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if event.style not in (None, "") or event.tag == "!":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text) if len(text) < 300 else text
        if _NUMBER.fullmatch(text):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return text

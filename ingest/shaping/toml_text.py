"""Writes TOML that people read and that comes back as it was, whatever stands in the names."""

import re
from collections.abc import Mapping, Sequence

BARE = re.compile(r"[A-Za-z0-9_-]+")
SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def text(value: str) -> str:
    """A TOML string: basic, or on several lines where the text has line breaks."""
    if "\n" in value:
        lines = "\n".join(_escaped(line) for line in value.split("\n"))
        return f'"""\n{lines}"""'
    return f'"{_escaped(value)}"'


def key(name: str) -> str:
    """A TOML key: bare where it may be."""
    return name if BARE.fullmatch(name) else f'"{_escaped(name)}"'


def value(content: object) -> str:
    """A text, a list of texts, or a table of texts on one line."""
    if isinstance(content, Mapping):
        inside = ", ".join(f"{key(k)} = {_one_line(v)}" for k, v in content.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(content, Sequence) and not isinstance(content, str):
        return f"[{', '.join(map(_one_line, content))}]"
    return text(str(content))


def comment(words: str) -> str:
    """Comment lines; control characters, which TOML forbids there, become blanks."""
    lines = words.split("\n")
    return "\n".join(("# " + "".join(c if c.isprintable() else " " for c in line)).rstrip() for line in lines)


def _one_line(content: str) -> str:
    return f'"{_escaped(content)}"'


def _escaped(content: str) -> str:
    return "".join(
        SHORT.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c) for c in content
    )

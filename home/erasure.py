"""Puts a token that leads nowhere in the place of a name, in texts and in JSON."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

SHORTEST_INSIDE = 4
"""A name of fewer characters, or without a letter, is only replaced where it is the whole value."""


@dataclass(frozen=True)
class Replacement:
    """One name, and what stands for it from now on; the same token everywhere, so that counts stay."""

    name: str
    token: str = field(default_factory=lambda: f"erased-{secrets.token_hex(6)}")

    @property
    def inside(self) -> bool:
        """Whether it is replaced inside longer texts too, where it stands as a word."""
        return len(self.name) >= SHORTEST_INSIDE and any(map(str.isalpha, self.name))

    @property
    def spellings(self) -> tuple[str, ...]:
        """How the name may be written in a column: as it is, and as JSON writes it."""
        return tuple(
            dict.fromkeys(
                (self.name, json.dumps(self.name)[1:-1], json.dumps(self.name, ensure_ascii=False)[1:-1])
            )
        )

    def of(self, text: str) -> str:
        """The text without the name; JSON stays JSON."""
        if text == self.name:
            return self.token
        if text[:1] in ("{", "[", '"'):
            try:
                value = json.loads(text)
            except ValueError:
                return self._words(text)
            new = self._value(value)
            ascii_only = text.isascii()
            return text if new == value else json.dumps(new, ensure_ascii=ascii_only)
        return self._words(text)

    def _words(self, text: str) -> str:
        if text == self.name:
            return self.token
        quoted = text.replace(repr(self.name), repr(self.token))
        if not self.inside:
            return quoted
        return re.sub(rf"(?<!\w){re.escape(self.name)}(?!\w)", self.token, quoted)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.of(value)
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, dict):
            return {self._words(key): self._value(each) for key, each in value.items()}
        return value


def holds(text: str, name: str) -> bool:
    """Whether a JSON text has a value that is this name."""
    try:
        return _holds(json.loads(text), name)
    except ValueError:
        return text == name


def _holds(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(each, name) for each in value.values())
    if isinstance(value, list):
        return any(_holds(each, name) for each in value)
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value) == name

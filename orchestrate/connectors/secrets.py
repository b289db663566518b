"""The secrets of one attempt: read by reference, and blotted out of whatever is said afterwards."""

from typing import Any
from urllib.parse import quote, quote_plus

from home.errors import SettingError
from home.settings import REFERENCE, secret
from orchestrate.connectors.port import CallFailed

SHORTEST = 4
"""Shorter values are no secrets worth the name, and blotting them out would spoil every message."""


class Secrets:
    """Dereferences, and remembers what must never be repeated."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def of(self, reference: str) -> str:
        """The value behind `env:NAME` or `file:PATH`; raises `CallFailed` naming only the reference."""
        try:
            return self.hide(secret(reference))
        except SettingError as error:
            raise CallFailed(error.message, retryable=False, hint=error.hint) from error

    def maybe(self, text: str) -> str:
        """`text` itself, or the secret it refers to."""
        return self.of(text) if REFERENCE.match(text) else text

    def hide(self, value: str) -> str:
        """Remember a value that must not be repeated, such as a password inside a URL; gives it back."""
        if len(value) >= SHORTEST:
            self._known |= {value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
        return value

    def veiled(self, text: Any) -> str:
        """The text with every secret replaced by stars."""
        said = str(text)
        for word in sorted(self._known, key=len, reverse=True):
            said = said.replace(word, "***")
        return said

    def failed(self, message: str, *, retryable: bool = True) -> CallFailed:
        """A `CallFailed` that repeats no secret."""
        return CallFailed(self.veiled(message), retryable=retryable)

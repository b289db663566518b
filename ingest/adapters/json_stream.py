"""Goes through a JSON document of any size value by value, with no more of it in memory than one value."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ingest.adapters.flat import decode, is_cut, malformed, too_deep
from ingest.errors import Unfit

BLANKS = re.compile(r"[ \t\n\r]*")
LARGEST = 256 << 20
"""Characters that one value may have."""
NEAR = 16
"""Characters before the end of the window within which an error may only mean that more is to come."""


def too_large(where: str, line: int) -> Unfit:
    """The refusal of a value that no record has."""
    message = f"{where}, line {line}: one value is over the size limit of {LARGEST >> 20} MB."
    return Unfit("size", message, where=f"line {line}", hint="Say where the records are with --records PATH.")


class Stream:
    """A document being read from its beginning; `where` is what errors call it."""

    def __init__(
        self,
        portions: Iterator[bytes],
        where: str,
        depth: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.portions, self.where, self.depth, self.progress = portions, where, depth, progress
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.text, self.at, self.line = "", 0, 1
        """The window, the place in it, and the line of its beginning."""
        self.ended = False
        self.read = 0

    def along(self, path: list[str]) -> Iterator[Any]:
        """Every value at a path; lists on the way are gone through, `*` takes every value of an object."""
        yield from self._along(path, self.depth)
        self.finish()

    def elements(self) -> Iterator[Any]:
        """The values of the list that begins here."""
        for _ in self._list():
            yield self.value()

    def lists(self, depth: int = 8) -> dict[tuple[str, ...], int]:
        """Path to each list that holds only objects, and how many, not looking into the lists themselves."""
        found: dict[tuple[str, ...], int] = {}
        self._find_lists((), found, depth)
        self.finish()
        return found

    def finish(self) -> None:
        """Nothing but blanks may follow; raises `Unfit`."""
        if self.peek():
            raise self._unfit("more text behind the document")

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            self.at = BLANKS.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or not self._more():
                return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        """The value that stands here; raises `Unfit` where it is cut or none."""
        self.peek()
        portions = 1
        while True:
            try:
                found, end = decode(self.text, self.at)
            except RecursionError as error:
                raise too_deep(self.where) from error
            except ValueError as error:
                if self._may_go_on(error) and self._more(portions):
                    portions *= 2
                    continue
                raise malformed(error, self.text, self.where, line=self.line, at=self.at) from error
            if end == len(self.text) and self._more(portions):  # a number may go on
                continue
            self.at = end
            return found

    def _may_go_on(self, error: ValueError) -> bool:
        """Whether what is wrong may only be that the window ends here."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return is_cut(error, self.text) or error.pos >= len(self.text) - NEAR

    def _more(self, portions: int = 1) -> bool:
        """Widen the window, dropping what is behind; whether there was more."""
        if self.ended:
            return False
        if len(self.text) - self.at > LARGEST:
            raise too_large(self.where, self.line)
        self.line += self.text.count("\n", 0, self.at)
        parts = [self.text[self.at :]]
        self.at = 0
        for _ in range(portions):
            raw = next(self.portions, None)
            self.ended = raw is None
            parts.append(self.decoder.decode(raw or b"", final=self.ended))
            self.read += len(raw or b"")
            if self.ended:
                break
        self.text = "".join(parts)
        self.progress(self.read)
        return True

    def _along(self, path: list[str], depth: int) -> Iterator[Any]:
        if depth < 0:
            raise too_deep(self.where)
        begins = self.peek()
        if begins == "[":
            for _ in self._list():
                yield from self._along(path, depth - 1)
        elif not path:
            yield self.value()
        elif begins == "{":
            for key in self._keys():
                if path[0] in (key, "*"):
                    yield from self._along(path[1:], depth - 1)
                else:
                    self._pass_by()
        else:
            self._pass_by()

    def _pass_by(self, depth: int = 3) -> None:
        """Read over a value, which may be as large as the document."""
        begins = self.peek() if depth else ""
        if begins == "[":
            for _ in self._list():
                self._pass_by(depth - 1)
        elif begins == "{":
            for _ in self._keys():
                self._pass_by(depth - 1)
        else:
            self.value()

    def _find_lists(self, path: tuple[str, ...], found: dict[tuple[str, ...], int], depth: int) -> None:
        begins = self.peek()
        if begins == "[":
            kinds = [isinstance(value, dict) for value in self.elements()]
            if kinds and all(kinds):
                found[path] = len(kinds)
        elif begins == "{" and depth > 0:
            for key in self._keys():
                self._find_lists((*path, key), found, depth - 1)
        else:
            self.value()

    def _keys(self) -> Iterator[str]:
        """Each key of the object that begins here; the caller reads the value before the next."""
        for _ in self._members("{", "}"):
            if self.peek() != '"':
                raise self._unfit("Expecting property name enclosed in double quotes")
            key = self.value()
            self._step(":")
            yield key

    def _list(self) -> Iterator[None]:
        return self._members("[", "]")

    def _members(self, first: str, last: str) -> Iterator[None]:
        self._step(first)
        if self.peek() == last:
            self.at += 1
            return
        while True:
            yield None
            if self.peek() == last:
                self.at += 1
                return
            self._step(",")

    def _step(self, character: str) -> None:
        if self.peek() != character:
            raise self._unfit(f"Expecting {character!r}")
        self.at += 1

    def _unfit(self, said: str) -> Unfit:
        error = json.JSONDecodeError(said, self.text, self.at)
        return malformed(error, self.text, self.where, line=self.line)

"""Reads XML as a stream and strictly: whole, well-formed and without a DOCTYPE, or refused."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.parsers import expat

from ingest.errors import Unfit

CUT = (3, 5, 6, 13)
"""Expat's codes for content that ends too soon: no element, unclosed token, partial character, CDATA."""
ENCODING = (18, 19)
Start = Callable[[str, dict[str, str]], None]
"""Called with an element's name and its attributes."""


def walk(
    portions: Iterable[bytes],
    name: str,
    start: Start,
    end: Callable[[str], None],
    text: Callable[[str], None] | None = None,
) -> Iterator[int]:
    """Parse the portions, calling the handlers; yields after each how many bytes were parsed.

    Names come as they stand, with their prefix where they have one. Raises `Unfit` for a DOCTYPE, for
    what is cut, not well-formed or contradicts its encoding.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise Unfit("DTD", f"{name} has a DOCTYPE (DTD); no log needs one.")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    if text is not None:
        parser.CharacterDataHandler = text
    done = 0
    for portion in portions:
        _parse(parser, portion, name, final=False)
        done += len(portion)
        yield done
    _parse(parser, b"", name, final=True)
    yield done


def plain(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def attributes_of(given: dict[str, str]) -> dict[str, str]:
    """Attributes by name without prefix; declarations of namespaces are left out."""
    return {plain(key): value for key, value in given.items() if not key.startswith("xmlns")}


def _parse(parser: Any, portion: bytes, name: str, *, final: bool) -> None:
    try:
        parser.Parse(portion, final)
    except expat.ExpatError as error:
        said, where = expat.ErrorString(error.code), f"line {error.lineno}"
        if final and error.code in CUT:
            message = f"{name} is truncated: it ends in the middle, at {where}."
            raise Unfit("truncated", message, where=where) from error
        if error.code in ENCODING:
            message = f"{name}, {where}: its bytes contradict the encoding it declares ({said})."
            raise Unfit("encoding", message, where=where) from error
        raise Unfit("line", f"{name}, {where}: not well-formed XML ({said}).", where=where) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know, or not for XML
        raise Unfit("encoding", f"{name} declares an encoding nobody knows: {error}.") from error

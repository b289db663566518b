"""Reads the plain body of a XES log without looking at one element after another.

What lies between the quotes of a log is one key or value after another; what lies outside of them is
the same few pieces of markup over and over. So the text is cut at its quotes, the few different pieces
outside are understood one by one, and everything else is done for all attributes at once. A portion in
which anything is unusual is not read here: the careful reader does it.

This reads only what the XML parser found well-formed.
"""

import re
from dataclasses import dataclass
from html import unescape

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from ingest.adapters.xes_columns import Attributes

LOG, TRACE, EVENT = 1, 2, 3
"""Where in the document: inside the log, a trace or an event."""
LEAVES = b"string|date|int|float|boolean|id"
OUTSIDE = re.compile(
    rb"(?P<close>\s*/>|></(?:%b)\s*>)?"
    rb"(?P<marks>(?:\s*(?:<event\s*/?>|</event\s*>|<trace\s*/?>|</trace\s*>))*)\s*"
    rb"(?:<(?P<tag>%b)\s+key\s*=\s*)?" % (LEAVES, LEAVES)
)
"""Markup between the end of one value and the beginning of the next key."""
BETWEEN = re.compile(rb"\s+value\s*=\s*")
MARK = re.compile(rb"<(/?)(event|trace)\s*(/?)>")


@dataclass(frozen=True)
class Scan:
    """What a portion of a log holds."""

    attributes: Attributes
    """Of events; owners count from 0 in this portion."""
    case_attributes: Attributes
    """Of traces; owner 0 is the trace that was open before this portion, 1 the next one."""
    traces: np.ndarray
    """Of each event, the trace it is in, counted the same way."""
    opened: int
    """How many traces began."""
    level: int
    """Where the portion ends."""


@dataclass(frozen=True)
class _Piece:
    """One different piece of markup."""

    closes: bool
    tag: str | None
    events: int
    traces: int
    traces_before_event: int
    before: int
    """The level it needs, or 0 when it changes none."""
    after: int


def scan(block: bytes, level: int) -> Scan | None:
    """What the block holds when it begins at `level`; `None` when it has to be read carefully."""
    if level not in (LOG, TRACE) or b"<!" in block or b"<?" in block:
        return None
    quotes = np.flatnonzero(np.frombuffer(block, np.uint8) == ord('"'))
    count = len(quotes) // 4
    if len(quotes) % 4 or not count:
        return None
    texts = _between_quotes(block, quotes)
    every = np.arange(0, 8 * count + 1, 8)
    markup = texts.take(pa.array(every)).dictionary_encode()
    pieces = _pieces(markup.dictionary.to_pylist())
    if pieces is None or not _all_match(BETWEEN, texts.take(pa.array(every[:-1] + 4))):
        return None
    keys = texts.take(pa.array(every[:-1] + 2)).dictionary_encode()
    names = keys.dictionary.to_pylist()
    values = _plain(texts.take(pa.array(every[:-1] + 6)))
    if values is None or any(re.search(rb"[&\t\n\r]", name) for name in names):
        return None
    return _assembled(
        pieces,
        markup.indices.to_numpy(zero_copy_only=False),
        keys.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        [name.decode() for name in names],
        values,
        level,
    )


def _between_quotes(block: bytes, quotes: np.ndarray) -> pa.BinaryArray:
    """The block cut before and behind each quote; nothing is copied."""
    cuts = np.empty(2 * len(quotes) + 2, np.int32)
    cuts[0], cuts[-1] = 0, len(block)
    cuts[1:-1:2] = quotes
    cuts[2:-1:2] = quotes + 1
    return pa.Array.from_buffers(
        pa.binary(), len(cuts) - 1, [None, pa.py_buffer(cuts.tobytes()), pa.py_buffer(block)]
    )


def _all_match(pattern: re.Pattern[bytes], texts: pa.BinaryArray) -> bool:
    return all(pattern.fullmatch(text) for text in texts.unique().to_pylist())


def _plain(values: pa.BinaryArray) -> pa.StringArray | None:
    """The values as XML means them; `None` where a line end or tab in one would have to become a blank."""
    _, offsets, data = values.buffers()
    text = pa.StringArray.from_buffers(len(values), offsets, data)
    content = data.to_pybytes() if data else b""
    if b"\n" in content or b"\t" in content or b"\r" in content or b"<" in content:
        return None
    if b"&" in content:
        escaped = compute.match_substring(text, "&")
        replaced = [_unescaped(value) for value in text.filter(escaped).to_pylist()]
        return compute.replace_with_mask(text, escaped, pa.array(replaced, pa.string()))
    return text


REFERENCE = re.compile(r"&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));")


def _unescaped(value: str) -> str:
    """The value with its references resolved; there are only those that XML itself defines."""

    def meant(found: re.Match[str]) -> str:
        decimal, hexadecimal, name = found.groups()
        if name:
            return unescape(found[0])
        return chr(int(decimal) if decimal else int(hexadecimal, 16))

    return REFERENCE.sub(meant, value)


def _pieces(markup: list[bytes]) -> list[_Piece] | None:
    found = [_piece(text) for text in markup]
    return None if None in found else [piece for piece in found if piece is not None]


def _piece(text: bytes) -> _Piece | None:
    match = OUTSIDE.fullmatch(text)
    if match is None:
        return None
    tag = match["tag"].decode() if match["tag"] else None
    events = traces = traces_before_event = before = after = 0
    for slash, name, single in MARK.findall(match["marks"]):
        needs, leaves = _step(slash, name, single)
        if after and after != needs:
            return None
        before, after = before or needs, leaves
        if not slash and name == b"event":
            events, traces_before_event = events + 1, traces
        elif not slash:
            traces += 1
    if events > 1:
        return None
    return _Piece(bool(match["close"]), tag, events, traces, traces_before_event, before, after)


def _step(slash: bytes, name: bytes, single: bytes) -> tuple[int, int]:
    """The level that a tag needs, and the level it leads to."""
    outer, inner = (TRACE, EVENT) if name == b"event" else (LOG, TRACE)
    if single:
        return outer, outer
    return (inner, outer) if slash else (outer, inner)


def _assembled(
    pieces: list[_Piece],
    codes: np.ndarray,
    key: np.ndarray,
    keys: list[str],
    value: pa.StringArray,
    level: int,
) -> Scan | None:
    """Follow the pieces through the block, all at once."""
    before = np.array([p.before for p in pieces])[codes]
    after = np.array([p.after for p in pieces])[codes]
    if not _in_order(pieces, codes, before, after, level):
        return None
    changes = np.maximum.accumulate(np.where(before > 0, np.arange(len(codes)), -1))
    levels = np.where(changes < 0, level, after[changes])
    events_in = np.array([p.events for p in pieces])[codes]
    events = np.cumsum(events_in)
    traces = np.cumsum(np.array([p.traces for p in pieces])[codes])
    tags = sorted({p.tag for p in pieces if p.tag})
    tag = np.array([tags.index(p.tag) if p.tag else 0 for p in pieces])[codes][:-1]
    inside, of_trace = levels[:-1] == EVENT, levels[:-1] == TRACE
    if not (inside | of_trace).all():
        return None  # an attribute of the log itself

    def part(chosen: np.ndarray, owner: np.ndarray) -> Attributes:
        at = np.flatnonzero(chosen)
        return Attributes(owner[:-1][at], key[at], keys, tag[at], tags, value.take(pa.array(at)))

    begins = np.flatnonzero(events_in)
    earlier = np.array([p.traces - p.traces_before_event for p in pieces])[codes]
    return Scan(
        part(inside, events - 1),
        part(of_trace, traces),
        (traces - earlier)[begins],
        int(traces[-1]),
        int(levels[-1]),
    )


def _in_order(
    pieces: list[_Piece], codes: np.ndarray, before: np.ndarray, after: np.ndarray, level: int
) -> bool:
    """Whether each piece stands where it can: only the first closes no value, only the last opens none."""
    closes = np.array([p.closes for p in pieces])[codes]
    opens = np.array([p.tag is not None for p in pieces])[codes]
    if closes[0] or not closes[1:].all() or opens[-1] or not opens[:-1].all():
        return False
    changing = before > 0
    needs, leaves = before[changing], after[changing]
    return bool(len(needs)) and needs[0] == level and bool((needs[1:] == leaves[:-1]).all())

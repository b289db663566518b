"""Damages sound files as disks, networks and attackers do: the same damage for the same seed."""

from collections.abc import Callable, Sequence
from random import Random

MARKS = tuple(bytes([c]) for c in b"\0\xff\r\n\"',;\t#\\&<>{}[]:-|")
BROKEN = (b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\xed\xa0\x80", b"\r\n", b"\x80" * 10, b" " * 300)
WORDS = (
    b"&#0;|&x;|]]>|<![CDATA[|<!--|-->|<?x ?>|<!DOCTYPE log>|<event>|</event>|</trace>|<trace>|<log>|</log>|"
    b"<string key='a' value='b'/>|<int key=\"n\" value=\"x\"/>|<list key='l'>|null|NaN|1e999|\\ud800|\\u0000|"
    b'"a":1,"a":2,|2026-02-30|0000-00-00|9999-99-99|infinity|PAR1|PK\x03\x04|\x1f\x8b\x08|SQLite|'
    b"case_id,activity,timestamp,resource\n|\xff\xff\xff\x7f"
).split(b"|")
TOKENS = (*MARKS, *BROKEN, *WORDS, b"9" * 400)


def flip(data: bytearray, random: Random) -> None:
    """Change one bit, or a few bytes."""
    for _ in range(random.choice((1, 1, 4))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def overwrite(data: bytearray, random: Random) -> None:
    """Put other bytes in the place of some."""
    at, size = random.randrange(len(data)), random.choice((1, 2, 4, 8, 64))
    data[at : at + size] = random.choice((bytes(size), b"\xff" * size, random.randbytes(size)))


def cut(data: bytearray, random: Random) -> None:
    """Lose the end, the beginning, or a piece of the middle."""
    at = random.randrange(len(data))
    start, end = random.choice(((at, len(data)), (at, at + 1), (at, at + random.randrange(1, 200)), (0, at)))
    del data[start:end]


def insert(data: bytearray, random: Random) -> None:
    """Put in what means something to some format."""
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(TOKENS) * random.choice((1, 1, 1, 2, 70))


def repeat(data: bytearray, random: Random) -> None:
    """Write a piece twice, or very often."""
    at = random.randrange(len(data))
    piece = data[at : at + random.randrange(1, 100)]
    data[at:at] = piece * random.choice((1, 1, 2, 200))


def swap(data: bytearray, random: Random) -> None:
    """Exchange two pieces."""
    size = random.randrange(1, 1 + min(64, len(data) // 2 or 1))
    first, second = sorted(random.randrange(len(data)) for _ in range(2))
    data[first : first + size], data[second : second + size] = (
        data[second : second + size],
        data[first : first + size],
    )


WAYS: tuple[Callable[[bytearray, Random], None], ...] = (flip, overwrite, cut, insert, insert, repeat, swap)


def mutated(data: bytes, seed: int, others: Sequence[bytes] = ()) -> bytes:
    """The data damaged in one to four ways; at times a piece of another file lies in it."""
    random = Random(seed)
    damaged = bytearray(data)
    if others and random.random() < 0.1:
        other = random.choice(others)
        start = random.randrange(len(other))
        at = random.randrange(len(damaged))
        damaged[at : at + random.choice((0, 50))] = other[start : start + random.randrange(1, 2_000)]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if damaged:
            random.choice(WAYS)(damaged, random)
    return bytes(damaged)

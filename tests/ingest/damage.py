"""Damages sources at random, by bytes and by values: a reader answers or refuses, and nothing else."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.errors import Unfit
from tests.ingest.adapter_reading import read

STRANGE: list[Any] = [
    None,
    True,
    -1,
    1.5e300,
    "",
    "NA",
    "\0",
    [],
    {},
    [[]],
    [None],
    {"": {}},
    [{"id": 1}],
    "x" * 300,
]


def damaged(data: bytes, generator: random.Random) -> bytes:
    """The bytes with a few of them changed, left out or doubled."""
    content = bytearray(data)
    for _ in range(generator.randint(1, 4)):
        at = generator.randrange(max(1, len(content)))
        fresh = bytes(generator.randrange(256) for _ in range(generator.choice((0, 1, 3))))
        content[at : at + generator.choice((0, 1, 5, 400))] = fresh
    return bytes(content)


def distorted(document: Any, generator: random.Random) -> Any:
    """A copy of a JSON document in which a few values are of another kind than they should be."""
    copy = json.loads(json.dumps(document))
    for _ in range(generator.randint(1, 3)):
        places: list[tuple[Any, Any]] = []
        _collect(copy, places)
        if not places:
            return copy
        holder, key = generator.choice(places)
        if generator.random() < 0.2 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = json.loads(json.dumps(generator.choice(STRANGE)))
    return copy


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        places.append((value, key))
        _collect(inner, places)


def outcomes(
    path: Path, adapter: str, versions: int, make: Callable[[], bytes], **options: Any
) -> Counter[str]:
    """How often such a source was read and how often refused; anything else is raised."""
    counted: Counter[str] = Counter()
    for _ in range(versions):
        path.write_bytes(make())
        try:
            read(path, adapter, **options)
            counted["read"] += 1
        except Unfit as error:
            assert str(error)
            counted["refused"] += 1
    return counted

"""Turns the attributes of many events, one after another, into a column for each key."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

TYPED = {
    "int": r"^\s*[-+]?\d+\s*$",
    "float": r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$|^(NaN|[-+]?INF)$",
    "boolean": r"^(true|false|0|1)$",
    "date": r"^\s*\d{4}-\d{2}-\d{2}",
}
"""How a value must look to be of the type its attribute declares."""
BOOLEANS = pa.array(["true", "false", "0", "1"])


@dataclass(frozen=True)
class Attributes:
    """Attributes of events or of traces in the order of the file, one value each.

    `owner` (int64) is the place of the event or trace they belong to and never falls; `key` and `tag`
    (int64) are places in `keys` and `tags`; `value` is text.
    """

    owner: np.ndarray
    key: np.ndarray
    keys: Sequence[str]
    tag: np.ndarray
    tags: Sequence[str]
    value: pa.StringArray

    @classmethod
    def of(cls, records: Sequence[tuple[int, str, str, str]]) -> "Attributes":
        """From tuples of owner, key, tag and value."""
        owners, keys, tags, values = zip(*records, strict=True) if records else ((), (), (), ())
        key = pa.array(keys, pa.string()).dictionary_encode()
        tag = pa.array(tags, pa.string()).dictionary_encode()
        return cls(
            np.array(owners, np.int64),
            key.indices.to_numpy(zero_copy_only=False).astype(np.int64),
            key.dictionary.to_pylist(),
            tag.indices.to_numpy(zero_copy_only=False).astype(np.int64),
            tag.dictionary.to_pylist(),
            pa.array(values, pa.string()),
        )

    def owned(self, first: int, last: int) -> "Attributes":
        """Those of the owners from `first` to `last`."""
        start, end = np.searchsorted(self.owner, [first, last + 1])
        return Attributes(
            self.owner[start:end],
            self.key[start:end],
            self.keys,
            self.tag[start:end],
            self.tags,
            self.value[start:end],
        )

    def counted_from(self, first: int) -> "Attributes":
        """The same, the owner `first` being 0."""
        return Attributes(self.owner - first, self.key, self.keys, self.tag, self.tags, self.value)

    def most(self) -> int:
        """The largest number of attributes that one owner has."""
        return int(np.bincount(self.owner).max()) if len(self.owner) else 0


def joined(parts: Sequence[Attributes]) -> Attributes:
    """All of the parts, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    keys = list(dict.fromkeys(key for part in parts for key in part.keys))
    tags = list(dict.fromkeys(tag for part in parts for tag in part.tags))

    def placed(codes: np.ndarray, names: Sequence[str], among: list[str]) -> np.ndarray:
        places = np.array([among.index(name) for name in names], np.int64)
        return places[codes] if len(codes) else codes

    return Attributes(
        np.concatenate([part.owner for part in parts]),
        np.concatenate([placed(part.key, part.keys, keys) for part in parts]),
        keys,
        np.concatenate([placed(part.tag, part.tags, tags) for part in parts]),
        tags,
        pa.concat_arrays([part.value for part in parts]),
    )


@dataclass
class Table:
    """A column for each key, and what is wrong with some of the values."""

    columns: dict[str, pa.StringArray] = field(default_factory=dict)
    doubled: dict[int, str] = field(default_factory=dict)
    """Owner that has a key twice, and the key."""
    unbounded: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Owner with a number that no type can hold: the key and the number."""
    misfits: dict[tuple[str, str], int] = field(default_factory=dict)
    """Key and declared type: how many values are not of that type."""

    def row(self, owner: int) -> dict[str, str]:
        """What an owner has."""
        found = {key: values[owner].as_py() for key, values in self.columns.items()}
        return {key: value for key, value in found.items() if value is not None}


def tabled(attributes: Attributes, owners: int) -> Table:
    """A text column of length `owners` for each key, in the order in which keys first occur."""
    table = Table()
    order = np.argsort(attributes.key, kind="stable")
    ends = np.searchsorted(attributes.key[order], np.arange(len(attributes.keys) + 1))
    firsts = sorted((order[ends[k]], k) for k in range(len(attributes.keys)) if ends[k] < ends[k + 1])
    for _, k in firsts:
        at = order[ends[k] : ends[k + 1]]
        _add(table, attributes, attributes.keys[k], at, owners)
    return table


def _add(table: Table, attributes: Attributes, key: str, at: np.ndarray, owners: int) -> None:
    owner = attributes.owner[at]
    twice = owner[1:] == owner[:-1]
    if twice.any():
        table.doubled.update(dict.fromkeys(owner[1:][twice].tolist(), key))
        at = at[np.concatenate([[True], ~twice])]
        owner = attributes.owner[at]
    values = attributes.value.take(pa.array(at))
    tags = attributes.tag[at]
    for tag in np.unique(tags).tolist():
        mine = tags == tag
        _judge(table, attributes.tags[tag], key, values, owner, None if mine.all() else mine)
    if len(at) == owners:
        table.columns[key] = values
        return
    places = np.full(owners, -1, np.int64)
    places[owner] = np.arange(len(at))
    table.columns[key] = values.take(pa.array(places, mask=places < 0))


def _judge(
    table: Table, tag: str, key: str, values: pa.StringArray, owner: np.ndarray, mine: np.ndarray | None
) -> None:
    """Count the values that are not of their declared type, and find numbers beyond any type."""
    if tag not in TYPED:
        return
    if mine is not None:
        values, owner = values.filter(pa.array(mine)), owner[mine]
    if _surely(tag, values):
        return
    fits = compute.match_substring_regex(values, TYPED[tag])
    misfits = len(values) - (compute.sum(fits).as_py() or 0)
    if tag in ("int", "float"):
        for place in np.flatnonzero(fits.to_numpy(zero_copy_only=False)).tolist():
            number = values[place].as_py()
            if math.isinf(float(number)) and "INF" not in number:
                table.unbounded[int(owner[place])] = (key, number)
            elif tag == "int" and not -(2**63) <= int(number) < 2**63:
                misfits += 1
    if misfits:
        table.misfits[key, tag] = table.misfits.get((key, tag), 0) + misfits


def _surely(tag: str, values: pa.StringArray) -> bool:
    """Whether the cheap test says already that every value is of the type."""
    try:
        if tag == "int":
            values.cast(pa.int64())
        elif tag == "float":
            return bool(compute.all(compute.is_finite(values.cast(pa.float64()))).as_py())
        elif tag == "boolean":
            return bool(compute.all(compute.is_in(values, BOOLEANS)).as_py())
        else:
            return bool(compute.all(compute.match_substring_regex(values, TYPED[tag])).as_py())
    except pa.ArrowInvalid:
        return False
    return True

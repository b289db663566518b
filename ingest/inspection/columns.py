"""What the values of a column look like: times, numbers, texts, ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.adapter import ROW, TRACE
from ingest.dates import FAMILIES

Ints = NDArray[np.int64]
JUDGED = 300
"""Distinct values that decide what a column looks like."""
MOST = 0.9
"""Share of them that has to agree."""
HALF = 0.5
"""The same for times in a column whose name says time."""
SAMPLES = 4
LONGEST = 60
TIMES = {name: re.compile(pattern) for name, pattern in FAMILIES.items()}
WRITTEN = tuple(name for name in FAMILIES if name != "excel" and not name.startswith("epoch"))
"""Families with separators or a month in words: nobody writes a number so."""
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")
NUMBER = re.compile(r"[-+]?(\d{1,18}|\d{1,3}([.,' ]\d{3})+)([.,]\d+)?([eE][-+]?\d+)?")
WORD = r"[^\W\d_a-z][^\W\d_]*"
PERSON = re.compile(
    rf"{WORD}\.?,? {WORD}\.?( {WORD})?|[\w.+-]+@[\w.-]+|[^\W\d_]+\.[^\W\d_]+"
    r"|(?i:user|usr|agent|emp|u|resource|res|clerk|worker|officer)[-_ ]?\d+"
)
"""A first and a last name, an address, an account."""
EPOCHS = {"epoch_s": (6.3e8, 2.2e9), "epoch_ms": (6.3e11, 2.2e12), "epoch_us": (6.3e14, 2.2e15)}
"""From 1990 to 2039: other numbers of as many digits are numbers."""
DAYS = ("19900101", "20391231")


@dataclass(frozen=True)
class Values:
    """One column of the rows looked at."""

    name: str
    codes: Ints
    """Per row the number of its value; -1 where there is none."""
    words: Sequence[str]
    """The values, in the order in which they first stand."""
    of_case: bool = False
    """The source keeps it per case."""

    @property
    def rows(self) -> int:
        """Rows looked at."""
        return len(self.codes)

    @property
    def filled(self) -> float:
        """Share of rows with a value."""
        return float((self.codes >= 0).mean()) if len(self.codes) else 0.0

    @property
    def distinct(self) -> int:
        """How many values there are."""
        return len(self.words)

    @property
    def per_value(self) -> float:
        """Rows per value."""
        return float((self.codes >= 0).sum()) / self.distinct if self.distinct else 0.0

    @property
    def samples(self) -> tuple[str, ...]:
        """The first values, cut where they are long."""
        return tuple(w if len(w) <= LONGEST else w[: LONGEST - 1] + "…" for w in self.words[:SAMPLES])


def values_of(table: pa.Table, case_columns: frozenset[str] = frozenset()) -> list[Values]:
    """Every column of a table of texts; blanks around values do not count."""
    import pyarrow.compute as compute

    found = []
    for name in table.column_names:
        if name in (ROW, TRACE):
            continue
        text = compute.utf8_trim_whitespace(table.column(name).cast(pa.string()))
        text = compute.if_else(compute.equal(text, ""), None, text)
        coded = text.combine_chunks().dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        codes = compute.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        found.append(Values(name, codes, coded.dictionary.to_pylist(), name in case_columns))
    return found


def kind_of(values: Values, *, told_time: bool = False) -> tuple[str, str]:
    """What a column looks like, and for times the family they are written in.

    `time`, `clock` (a time of day without a day), `number`, `text` or `empty`. `told_time`: its name
    says time, so bare digits may be one.
    """
    some = _spread(values.words)
    if not some:
        return "empty", ""
    least = HALF if told_time else MOST
    for family in WRITTEN:
        if family == "compact":
            if told_time and _share(some, _day_of_digits) >= MOST:
                return "time", family
        elif _share(some, TIMES[family].fullmatch) >= least:
            return "time", family
    together = sum(any(TIMES[f].fullmatch(v) for f in WRITTEN if f != "compact") for v in some)
    if together >= least * len(some):
        return "time", "iso"
    if _share(some, CLOCK.fullmatch) >= MOST:
        return "clock", ""
    epoch = next((name for name, edges in EPOCHS.items() if _share(some, _between(name, *edges)) == 1), "")
    if epoch and (told_time or (epoch == "epoch_ms" and _apart(some))):
        return "time", epoch
    if told_time and len(some) > 1 and _share(some, _excel) == 1:
        return "time", "excel"
    numbers = _share(some, NUMBER.fullmatch) >= MOST and not any(map(_leading_zero, some))
    return ("number" if numbers else "text"), ""


def _spread(words: Sequence[str]) -> list[str]:
    """Values from all over the column, not its beginning alone."""
    step = max(1, len(words) // JUDGED)
    return list(words[::step][:JUDGED])


def _share(values: Sequence[str], test: Any) -> float:
    return sum(bool(test(v)) for v in values) / len(values)


def _between(family: str, low: float, high: float) -> Any:
    return lambda v: bool(TIMES[family].fullmatch(v)) and low <= float(v) <= high


def _apart(values: Sequence[str]) -> bool:
    """Milliseconds of this century that are hours apart: ids that count up are not."""
    numbers = [float(v) for v in values]
    return min(numbers) > 9.4e11 and max(numbers) - min(numbers) > 3.6e6 and values[0][-3:] != "000"


def _day_of_digits(value: str) -> bool:
    return bool(TIMES["compact"].fullmatch(value)) and DAYS[0] <= value[:8] <= DAYS[1]


def _leading_zero(value: str) -> bool:
    """007 is a name."""
    return len(value) > 1 and value[0] == "0" and value.isdigit()


def _excel(value: str) -> bool:
    """Excel's number of a day between 1990 and 2039."""
    return bool(TIMES["excel"].fullmatch(value)) and 32_874 <= float(value) <= 51_136


def like_ids(values: Values) -> float:
    """How much the values look like ids, from 0 to 1: digits or a fixed shape, no sentences."""
    some = _spread(values.words)
    if not some:
        return 0.0
    digits = _share(some, lambda v: any(c.isdigit() for c in v))
    short = _share(some, lambda v: len(v) <= 64 and v.count(" ") <= 2)
    decimal = _share(some, lambda v: bool(re.fullmatch(r"[-+]?\d+[.,]\d{1,3}", v)))
    return digits * short * (1 - decimal)


def like_people(values: Values) -> float:
    """How much the values look like names or accounts of people, from 0 to 1."""
    some = _spread(values.words)
    return _share(some, PERSON.fullmatch) if some else 0.0


def like_words(values: Values) -> float:
    """How much the values look like names of things: letters, not digits, and not sentences."""
    some = _spread(values.words)
    return _share(some, lambda v: any(c.isalpha() for c in v) and len(v) <= 80) if some else 0.0

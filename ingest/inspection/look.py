"""What was found out about each column, which proposals are made from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.inspection.columns import Values, kind_of
from ingest.inspection.words import fit


@dataclass(frozen=True)
class Times:
    """How the times of a column are read."""

    seconds: NDArray[np.float64]
    """Per row seconds since 1970, NaN where there is none; with the day first where orders are in doubt."""
    family: str = "iso"
    ambiguous: tuple[str, ...] = ()
    """Values that can be read day first and month first, where nothing decides."""
    mixed: bool = False
    """Some values can only be day first, others only month first."""
    naive: bool = True
    """Some carry no offset."""
    unreadable: tuple[str, ...] = ()
    """Examples of values that are no time."""
    written: str = ""
    """How they are written, where that is not ISO 8601: `dates are written day before month`."""
    midnight: float = 0.0
    """Share of the times that lie on midnight: days, without a time of day."""


@dataclass(frozen=True)
class Look:
    """One column with what its values look like."""

    values: Values
    kind: str
    times: Times | None = None
    fits: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the source."""
        return self.values.name

    def fit(self, name: str) -> float:
        """How well its name says that it is the field."""
        if name not in self.fits:
            self.fits[name] = fit(name, self.name)
        return self.fits[name]


def look(values: Values, times: Times | None = None) -> Look:
    """What a column looks like; `times` where it was read as times."""
    told = max(fit("timestamp", values.name), fit("start", values.name)) > 0
    kind, _ = kind_of(values, told_time=told)
    return Look(values, kind if times is None else "time", times)

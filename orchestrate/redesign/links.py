"""Whether one activity depends on another: what it writes, whether it runs at all, and the order of both."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from orchestrate.redesign.decisions import usable
from orchestrate.redesign.history import NOT_ATTRIBUTES, Floats, History

SIGNIFICANT = 0.01
CONSTANT = 0.95
"""Share of cases in which an attribute has one value, from which it belongs to the case."""
FEWEST = 30
MOST_VALUES = 5


@dataclass(frozen=True)
class Link:
    """One activity depends on what another wrote."""

    kind: str
    """`prerequisite`: whether it runs; `data`: what it writes, or how long it takes."""
    of: str
    attribute: str
    p: float
    n: int


def wilson_low(successes: int, n: int, z: float = 1.96) -> float:
    """Lower end of Wilson's 95 % interval (1927) of a share."""
    if not n:
        return 0.0
    share = successes / n
    middle = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - spread) / (1 + z * z / n)


class Written:
    """What activities write: event attributes that differ within a case, as numbers."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._case = history.case_of_row()
        self._activity = history.frame["activity"].to_numpy(object)
        columns = map(str, history.frame.columns)
        names = [c for c in columns if c not in NOT_ATTRIBUTES and not c.startswith("case:")]
        self.columns = [name for name in [*names, "outcome"] if self._varies(name)]
        self._confounders: Floats | None = None

    def _varies(self, name: str) -> bool:
        column = self.history.frame[name]
        if usable(column.astype(object), at_start=False, cases=self.history.cases) is None:
            return False
        known = column.notna()
        per_case = column[known].astype("string").groupby(self._case[known.to_numpy()]).nunique()
        several = column[known].groupby(self._case[known.to_numpy()]).size() > 1
        return not several.any() or float((per_case[several] == 1).mean()) < CONSTANT

    def rows(self, activity: str) -> "pd.Series[int]":
        """First row of the activity by case."""
        own = np.flatnonzero(self._activity == activity)
        return pd.Series(own, index=self._case[own]).groupby(level=0).min()

    def values(self, rows: "pd.Series[int]") -> dict[str, Floats]:
        """What was written in these rows: one column per number, or per commonest value."""
        found: dict[str, Floats] = {}
        for name in self.columns:
            column = self.history.frame[name].iloc[rows.to_numpy()]
            made = usable(column.astype(object), at_start=False, cases=len(rows))
            if made is None or column.notna().mean() < 0.5:
                continue
            values, numeric = made
            if numeric:
                numbers = values.to_numpy(dtype=float, na_value=np.nan)
                found[name] = np.where(np.isnan(numbers), np.nanmean(numbers), numbers)
            else:
                for value in values.value_counts().index[:MOST_VALUES]:
                    found[f"{name} = {value}"] = (values == value).to_numpy(dtype=float)
        return {name: values for name, values in found.items() if np.ptp(values) > 0}

    def confounders(self, cases: "pd.Index[int]") -> Floats:
        """Case attributes, with squares: what both activities may have in common without a link."""
        if self._confounders is None:
            self._confounders = self._case_table()
        return np.asarray(self._confounders[cases.to_numpy()])

    def _case_table(self) -> Floats:
        frame = self.history.frame.iloc[self.history.first[:-1]]
        parts = [np.ones(len(frame))]
        for name in frame.columns:
            if not str(name).startswith("case:"):
                continue
            made = usable(frame[name], at_start=True, cases=len(frame))
            if made is None:
                continue
            values, numeric = made
            if numeric:
                numbers = values.to_numpy(dtype=float, na_value=np.nan)
                scaled = np.nan_to_num((numbers - np.nanmean(numbers)) / (np.nanstd(numbers) or 1.0))
                parts += [scaled, scaled**2]
            else:
                parts += [
                    (values == v).to_numpy(dtype=float) for v in values.value_counts().index[:MOST_VALUES]
                ]
        return np.column_stack(parts)


def find_link(written: Written, first: str, second: str) -> Link | None:
    """The strongest sign that `second` depends on `first`, Bonferroni-corrected at .01.

    A prerequisite is a χ² test of what `first` writes against whether `second` runs. A data link is
    the generalised covariance measure (Shah and Peters 2020): residuals of what `first` writes and of
    what `second` writes, or the log of its duration, given the case's attributes.
    """
    a, b = written.rows(first), written.rows(second)
    tests = _prerequisites(written, first, a, b) + _data_links(written, first, a, b)
    if not tests:
        return None
    best = min(tests, key=lambda link: link.p)
    return best if best.p * len(tests) < SIGNIFICANT else None


def _prerequisites(written: Written, first: str, a: "pd.Series[int]", b: "pd.Series[int]") -> list[Link]:
    from scipy.stats import chi2_contingency

    ran = a.index.isin(b.index)
    if min(ran.sum(), (~ran).sum()) < 5:
        return []
    found = []
    for name, values in written.values(a).items():
        high = values > np.median(values) if len(np.unique(values)) > 2 else values > values.min()
        table = pd.crosstab(high, ran)
        if table.shape == (2, 2):
            found.append(Link("prerequisite", first, name, float(chi2_contingency(table)[1]), len(a)))
    return found


def _data_links(written: Written, first: str, a: "pd.Series[int]", b: "pd.Series[int]") -> list[Link]:
    from scipy.stats import norm

    both = a.index.intersection(b.index)
    if len(both) < FEWEST:
        return []
    causes = written.values(a.loc[both])
    rows = b.loc[both]
    effects = written.values(rows)
    frame = written.history.frame.iloc[rows.to_numpy()]
    duration = np.log1p((frame["end"] - frame["start"]).dt.total_seconds().clip(lower=0).to_numpy())
    if np.ptp(duration) > 0:
        effects["duration"] = duration
    confounders = written.confounders(both)
    found = []
    for cause, x in causes.items():
        left = _residual(x, confounders)
        for y in effects.values():
            product = left * _residual(y, confounders)
            spread = float(product.std())
            if spread > 1e-12:
                z = sqrt(len(both)) * float(product.mean()) / spread
                found.append(Link("data", first, cause, float(2 * norm.sf(abs(z))), len(both)))
    return found


def _residual(values: Floats, confounders: Floats) -> Floats:
    solution, *_ = np.linalg.lstsq(confounders, values, rcond=None)
    return np.asarray(values - confounders @ solution)

"""What was known of each case that was open at some moment: the rows that predictions learn from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

LISTED = 20
"""Commonest activities that are counted each by itself."""
VALUES = 20
"""Commonest values of a text attribute; the others are one."""


@dataclass(frozen=True)
class Known:
    """The events and cases of a log, arranged so that what was known at any moment is looked up at once."""

    events: pd.DataFrame
    """By end: `case` (number), `end`, and what was known after each: `done`, `last`, `before`, `path`, …"""
    cases: pd.DataFrame
    """By number: `id`, `start`, `end`, and attributes as numbers or codes."""
    activities: tuple[str, ...]
    codes: dict[str, tuple[str, ...]]
    """Values behind the codes of each text attribute."""

    def open_at(self, moments: np.ndarray, *, most: int, seed: int = 7) -> pd.DataFrame:
        """One row per case and moment at which it was open: features, `case`, `at` and `remaining_s`.

        A case is open from its first completed event until it ends. At most `most` rows, drawn at random.
        """
        starts, ends = self.cases["start"].to_numpy(), self.cases["end"].to_numpy()
        case, at = [], []
        for moment in moments:
            open_now = np.flatnonzero((starts <= moment) & (ends > moment))
            case.append(open_now)
            at.append(np.full(len(open_now), moment))
        pairs = pd.DataFrame({"case": np.concatenate(case), "at": np.concatenate(at)})
        pairs["in_progress"] = pairs.groupby("at")["case"].transform("size")
        if len(pairs) > most:
            pairs = pairs.sample(most, random_state=seed)
        return self.at(pairs)

    def at(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Features of `case` at the moment `at`, for pairs that have had an event by then."""
        joined = pd.merge_asof(
            pairs.sort_values("at", kind="stable"), self.events, left_on="at", right_on="end", by="case"
        )
        joined = joined.dropna(subset=["done"]).reset_index(drop=True)
        of = self.cases.iloc[joined["case"].to_numpy(int)].reset_index(drop=True)
        joined["elapsed_s"] = (joined["at"] - of["start"]).dt.total_seconds()
        joined["since_s"] = (joined["at"] - joined["end"]).dt.total_seconds()
        joined["hour"] = joined["at"].dt.hour
        joined["weekday"] = joined["at"].dt.dayofweek
        joined["remaining_s"] = (of["end"] - joined["at"]).dt.total_seconds()
        attributes = of.drop(columns=["id", "start", "end"])
        return pd.concat([joined.drop(columns=["end"]), attributes], axis=1)

    @staticmethod
    def features(rows: pd.DataFrame) -> pd.DataFrame:
        """What a model may look at."""
        return rows.drop(columns=["case", "at", "remaining_s", "path"])


def known(frame: pd.DataFrame) -> Known:
    """Arrange instances (as `mining.instances` gives them, with case attributes)."""
    frame = frame.reset_index(drop=True)
    number, ids = pd.factorize(frame["case"])
    commonest = frame["activity"].value_counts()
    activities = tuple(commonest.index)
    code = frame["activity"].map({name: i for i, name in enumerate(activities)}).to_numpy()
    events = pd.DataFrame({"case": number, "end": frame["end"].astype("datetime64[us]"), "last": code})
    events = events.sort_values(["case", "end"], kind="stable")
    by_case = events.groupby("case", sort=False)
    events["done"] = by_case.cumcount() + 1
    events["before"] = by_case["last"].shift(1).fillna(-1)
    events["repeats"] = events.groupby(["case", "last"], sort=False).cumcount()
    events["repeats"] = (events["repeats"] > 0).groupby(events["case"], sort=False).cumsum()
    for listed in range(min(LISTED, len(activities))):
        events[f"times_{listed}"] = (events["last"] == listed).groupby(events["case"], sort=False).cumsum()
    events["path"] = _paths(events)
    cases = pd.DataFrame(
        {
            "id": ids,
            "start": frame.groupby(number)["start"].min().astype("datetime64[us]").to_numpy(),
            "end": frame.groupby(number)["end"].max().astype("datetime64[us]").to_numpy(),
        }
    )
    codes: dict[str, tuple[str, ...]] = {}
    first = frame.groupby(number).head(1)
    for name in [column for column in frame.columns if column.startswith("case:")]:
        cases[name], found = _as_numbers(first[name].reset_index(drop=True))
        if found:
            codes[name] = found
    return Known(events.sort_values("end", kind="stable"), cases, activities, codes)


def _paths(events: pd.DataFrame) -> np.ndarray:
    """A number for the whole sequence of activities so far; equal for equal prefixes."""
    found = np.empty(len(events), dtype=np.uint64)
    case, last = events["case"].to_numpy(), events["last"].to_numpy(np.uint64)
    running, before = np.uint64(0), -1
    factor, mask = 1_000_003, (1 << 64) - 1
    for i in range(len(events)):
        if case[i] != before:
            running, before = np.uint64(1469598103934665603), case[i]
        running = np.uint64(((int(running) ^ (int(last[i]) + 1)) * factor) & mask)
        found[i] = running
    return found


def _as_numbers(column: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """A column as numbers; text as codes of its commonest values, -1 for any other and for none."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype(float), ()
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64") / 1e6, ()
    values = tuple(map(str, column.dropna().value_counts().index[:VALUES]))
    return column.map({value: i for i, value in enumerate(values)}).fillna(-1).astype(float), values

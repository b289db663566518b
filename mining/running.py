"""Which cases of a log are still running: their last activity rarely ends a case, and it was recent."""

import numpy as np
import pandas as pd

LIKELY = 0.5


def running_cases(frame: pd.DataFrame) -> frozenset[str]:
    """Cases that are more likely still running than over.

    `frame` has one row per activity instance, ordered within its case: `case`, `activity`, `start`,
    `end`. With p the share of an activity's occurrences after which nothing came though there was time
    enough, and s the share of gaps after it longer than the time since, a case whose last activity it
    is runs with probability s(1 - p) / (p + s(1 - p)). Shared by the whole log, so a process without
    a fixed end is not mistaken for a running one.
    """
    table = frame[["case", "activity", "end"]].copy()
    following = frame.groupby("case", sort=False)["start"].shift(-1)
    table["gap_s"] = (following - table["end"]).dt.total_seconds().clip(lower=0)
    table["age_s"] = (table["end"].max() - table["end"]).dt.total_seconds()
    found: list[str] = []
    for _, group in table.groupby("activity", sort=False, observed=True):
        last = group[group["gap_s"].isna()]
        gaps = np.sort(group["gap_s"].dropna().to_numpy())
        if last.empty or not len(gaps):
            continue
        observed = group[group["age_s"] > np.quantile(gaps, 0.99)]
        ends = float(observed["gap_s"].isna().mean()) if len(observed) else 0.5
        longer = 1 - np.searchsorted(gaps, last["age_s"].to_numpy(), side="right") / len(gaps)
        still = longer * (1 - ends)
        found.extend(last["case"][still / np.maximum(ends + still, 1e-12) > LIKELY])
    return frozenset(found)

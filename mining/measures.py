"""Measures of cases for KPIs, from the activity instances of a log."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mining.causes import CAUSES, waiting_causes
from mining.enabling import enabled
from mining.kpis import Cases

Labels = NDArray[np.object_]
RARE = 0.05
MOST_KINDS = 8
EXPLAINS = 0.02
"""Share of the variance of log cycle times below which an attribute is no kind of case worth equalising."""


def rare_activities(frame: pd.DataFrame, share: float = RARE) -> frozenset[str]:
    """Activities that fewer than this share of the cases have: what exceptions are, unless told."""
    cases = frame.groupby("activity")["case"].nunique()
    return frozenset(map(str, cases.index[cases < share * frame["case"].nunique()]))


def case_measures(
    frame: pd.DataFrame,
    *,
    tz: str = "UTC",
    timed: bool = True,
    running: Collection[str] = (),
    exceptions: Collection[str] | None = None,
    approvals: Collection[str] = (),
    automatic: Collection[str] | None = None,
    causes: bool = True,
) -> Cases:
    """Measure cases from activity instances (`mining.instances`).

    `running`: cases not over yet, counted until the log's last event. `exceptions`: activities that
    make a case exceptional (rare ones where absent; give the same set for before and after). `approvals`:
    activities whose time from possible to done is approval delay. `automatic`: activities done without a
    person. `causes` splits waiting by cause, which takes longest.
    """
    frame = frame.sort_values(["case", "start", "end"], kind="stable").reset_index(drop=True)
    grouped = frame.groupby("case", sort=False)
    first, last = grouped["start"].min(), grouped["end"].max()
    table = pd.DataFrame({"case_id": first.index})
    table["censored"] = table["case_id"].isin(set(running))
    over = last.where(~table["censored"].to_numpy(), frame["end"].max())
    table["start"] = first.dt.tz_localize("UTC").dt.tz_convert(tz).dt.tz_localize(None).to_numpy()
    table["cycle_s"] = (over - first).dt.total_seconds().to_numpy()
    omitted: dict[str, str] = {}
    seen = frame.groupby(["case", "activity"], sort=False).size()
    table["rework"] = (seen > 1).groupby("case", sort=False).any().reindex(first.index).to_numpy()
    odd = rare_activities(frame) if exceptions is None else frozenset(exceptions)
    table["exception"] = frame["activity"].isin(odd).groupby(frame["case"], sort=False).any().to_numpy()
    _add_approvals(table, frame, approvals, omitted)
    if automatic is None:
        omitted["automated"] = "it is not known which steps need a person"
    else:
        alone = frame["activity"].isin(set(automatic)).astype(float)
        table["automated"] = alone.groupby(frame["case"], sort=False).mean().to_numpy()
    if not timed:
        why = "no instance has a start, so waiting cannot be told from processing"
        omitted |= {"waiting_s": why, **{f"waiting_{cause}_s": why for cause in CAUSES}}
    else:
        _add_waiting(table, frame, tz, causes, omitted)
    for column in ("failed", "retried", "detect_s", "recover_s"):
        omitted[column] = "only runs of a plan record it"
    return Cases(table, omitted)


def _add_approvals(
    table: pd.DataFrame, frame: pd.DataFrame, approvals: Collection[str], omitted: dict[str, str]
) -> None:
    decided = frame["activity"].isin(set(approvals)).to_numpy()
    if not decided.any():
        omitted["approval_s"] = "no step is known as an approval"
        return
    work = pd.DataFrame(
        {
            "case": pd.factorize(frame["case"])[0],
            "activity": pd.factorize(frame["activity"])[0],
            "start": frame["start"].astype("datetime64[us]").astype("int64") / 1e6,
            "end": frame["end"].astype("datetime64[us]").astype("int64") / 1e6,
        }
    )
    delay = (work["end"] - enabled(work)["enabled"]).where(pd.Series(decided))
    summed = delay.groupby(frame["case"], sort=False).sum(min_count=1)
    table["approval_s"] = summed.to_numpy()


def _add_waiting(
    table: pd.DataFrame, frame: pd.DataFrame, tz: str, causes: bool, omitted: dict[str, str]
) -> None:
    columns = ["waiting", *CAUSES]
    if causes:
        found = waiting_causes(frame, tz=tz).groupby("case")[columns].sum().reindex(table["case_id"])
    else:
        omitted |= {f"waiting_{cause}_s": "was not asked for" for cause in CAUSES}
        previous = frame.groupby("case", sort=False)["end"].cummax().shift(1)
        same = frame["case"] == frame["case"].shift(1)
        wait = (frame["start"] - previous).dt.total_seconds().where(same, 0.0).clip(lower=0)
        found = wait.groupby(frame["case"], sort=False).sum().to_frame("waiting")
    for column in found.columns:
        name = "waiting_s" if column == "waiting" else f"waiting_{column}_s"
        table[name] = found[column].to_numpy()


def equalise(
    before: Cases, after: Cases, before_frame: pd.DataFrame, after_frame: pd.DataFrame
) -> tuple[Cases, Cases, str | None]:
    """Give both sides a `stratum`: the case attribute that explains most of the cycle time before.

    Attributes (`case:NAME` columns) must be on both sides, with two to eight values before; numbers
    are cut in quarters. Returns the sides as they are, and no name, where none explains enough.
    """
    best = EXPLAINS
    chosen: tuple[str, tuple[Labels, Labels]] | None = None
    seconds = np.log1p(before.table["cycle_s"].to_numpy(float))
    shared = {str(c) for c in before_frame.columns} & {str(c) for c in after_frame.columns}
    for name in sorted(c for c in shared if c.startswith("case:")):
        sides = _kinds(before, after, before_frame, after_frame, name)
        if sides is None or not 2 <= len(set(sides[0])) <= MOST_KINDS:
            continue
        group = pd.Series(seconds).groupby(sides[0])
        explained = float((group.size() * (group.mean() - seconds.mean()) ** 2).sum())
        share = explained / max(float(((seconds - seconds.mean()) ** 2).sum()), 1e-12)
        if share > best:
            best, chosen = share, (name, sides)
    if chosen is None:
        return before, after, None
    name, (kind_before, kind_after) = chosen
    return (
        Cases(before.table.assign(stratum=kind_before), before.omitted),
        Cases(after.table.assign(stratum=kind_after), after.omitted),
        name.removeprefix("case:"),
    )


def _kinds(
    before: Cases, after: Cases, before_frame: pd.DataFrame, after_frame: pd.DataFrame, name: str
) -> (
    tuple["np.ndarray[tuple[int], np.dtype[np.object_]]", "np.ndarray[tuple[int], np.dtype[np.object_]]"]
    | None
):
    values = [
        frame.drop_duplicates("case").set_index("case")[name].reindex(cases.table["case_id"])
        for cases, frame in ((before, before_frame), (after, after_frame))
    ]
    if pd.api.types.is_numeric_dtype(values[0]) and values[0].nunique() > MOST_KINDS:
        if not pd.api.types.is_numeric_dtype(values[1]):
            return None
        edges = np.unique(values[0].quantile([0.25, 0.5, 0.75]).dropna().to_numpy())
        kinds = [np.searchsorted(edges, v.to_numpy(float)).astype(str).astype(object) for v in values]
        return kinds[0], kinds[1]
    return values[0].astype(str).to_numpy(object), values[1].astype(str).to_numpy(object)

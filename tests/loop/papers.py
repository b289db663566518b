"""The public logs as PM4Py holds them, read by its own readers wherever it has one for the format."""

from pathlib import Path
from typing import Any

from tests.loop.conftest import documented_loads

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"
OTHERS = {"case_id": (CASE, "case_id"), "activity": (ACTIVITY, "activity"), "timestamp": (TIME, "timestamp")}
"""The columns that Baton looks for by itself."""


def frame(log: str, folder: Path, events: Any) -> Any:
    """The formatted DataFrame of a log; `events`, its raw events, where PM4Py reads no such format."""
    import pm4py

    words = documented_loads()[log]
    path = folder / words[1].removeprefix("logs/")
    read = {".xes": _xes, ".csv": _csv, ".parquet": _parquet, ".jsonocel": _objects}
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    found = read[f".{kind}"](path, words) if f".{kind}" in read else events
    return pm4py.format_dataframe(found)


def _mapped(words: list[str]) -> dict[str, str]:
    return dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--map")


def _xes(path: Path, words: list[str]) -> Any:
    import pm4py

    log = pm4py.read_xes(str(path), variant="iterparse")
    if "activity" in _mapped(words):  # a classifier: activity and lifecycle
        log[ACTIVITY] = log[ACTIVITY] + "+" + log["lifecycle:transition"]
    return log


def _csv(path: Path, words: list[str]) -> Any:
    import pandas as pd

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    mapped = _mapped(words)
    columns = {
        canonical: mapped.get(name) or next(c for c in known if c in table)
        for name, (canonical, *_) in OTHERS.items()
        for known in [OTHERS[name]]
    }
    found = pd.DataFrame({canonical: table[column] for canonical, column in columns.items()})
    how: dict[str, Any] = {"dayfirst": True} if "dmy" in words else {"format": "ISO8601"}
    found[TIME] = pd.to_datetime(found[TIME], utc=True, **how)
    return found


def _parquet(path: Path, words: list[str]) -> Any:
    import pandas as pd

    return pd.read_parquet(path, columns=[CASE, ACTIVITY, TIME])


def _objects(path: Path, words: list[str]) -> Any:
    import pm4py

    return pm4py.ocel_flattening(pm4py.read_ocel(str(path)), words[words.index("--object-type") + 1])

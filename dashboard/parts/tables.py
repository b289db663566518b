"""Records as tables for `st.dataframe` (times in a log's zone, empty columns left out) and as CSV."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from home.text import inert


def as_table(
    records: Sequence[Mapping[str, Any]], *, zone: str = "UTC", drop_empty: bool = True
) -> pd.DataFrame:
    """Records as a DataFrame; moments (UTC) become local times of `zone`, columns without a value go."""
    table = pd.DataFrame([{name: _cell(value, zone) for name, value in r.items()} for r in records])
    if drop_empty and len(table):
        table = table.dropna(axis="columns", how="all")
    return table


def as_csv(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Records as CSV for a spreadsheet. What a spreadsheet would run as a formula is led by an apostrophe."""
    table = pd.DataFrame([{name: inert(value) for name, value in r.items()} for r in records])
    return table.to_csv(index=False).encode("utf-8-sig")


def local(moment: datetime, zone: str) -> datetime:
    """A UTC moment as the naive local time of a zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _cell(value: Any, zone: str) -> Any:
    return local(value, zone) if isinstance(value, datetime) else value

"""The models of this system: tables `[models.NAME]` of `baton.toml`, swapped without touching a plan."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from home.errors import SettingError, unknown
from orchestrate.connectors.options import read_options

WAYS = ("http", "python", "script")
"""Connectors behind which a model may be."""
OWN = ("connector", "purpose")


@dataclass(frozen=True)
class Model:
    """One model: how it is reached, and what it is for."""

    name: str
    connector: str
    settings: Mapping[str, Any]
    purpose: str = ""


def models_of(home: Path) -> dict[str, Model]:
    """Every model that the settings name; raises `SettingError` for one that cannot be reached so."""
    file = home / "baton.toml"
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return {}
    return dict(_read(file, changed))


def find_model(home: Path, name: str) -> Model:
    """The model called `name`; raises `NotFound` with the nearest names."""
    known = models_of(home)
    if name not in known:
        raise unknown("model", name, list(known), listing="baton model list")
    return known[name]


@lru_cache(maxsize=8)
def _read(file: Path, changed: int) -> tuple[tuple[str, Model], ...]:  # noqa: ARG001 - a change is another key
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("models", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingError(f"{file} is not readable TOML: {error}.") from error
    if not isinstance(tables, dict):
        raise SettingError(f"{file}: models are tables.", hint="Write [models.NAME].")
    return tuple((str(name), _model(file, str(name), table)) for name, table in tables.items())


def _model(file: Path, name: str, table: Any) -> Model:
    from orchestrate.connectors.registry import find_connector

    connector = table.get("connector") if isinstance(table, dict) else None
    if connector not in WAYS:
        hint = f"Write connector = {_or(WAYS)} and its settings (`baton connectors`)."
        raise SettingError(f"{file}: the model {name!r} says no connector it is behind.", hint=hint)
    settings = {key: value for key, value in table.items() if key not in OWN}
    read_options(connector, find_connector(connector).options, settings)
    return Model(name, connector, settings, str(table.get("purpose", "")))


def _or(words: Iterable[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)

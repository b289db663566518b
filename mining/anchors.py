"""The anchors of the scores: where 1 ends and 5 begins, kept as data that a company may edit."""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from home.errors import SettingError


@dataclass(frozen=True)
class Anchors:
    """What the scores are measured against."""

    version: int
    digest: str
    """Of the text, so that results computed with other anchors are not mistaken for these."""
    frequency: dict[str, Any]
    pain: dict[str, Any]
    stability: dict[str, Any]
    candidates: dict[str, Any]
    promised: dict[str, Any]
    """Within how long a case of a log has to be done (ISO 8601), by log."""


def read_anchors(home: Path | None = None) -> Anchors:
    """The anchors in the home folder, else those that come with Baton.

    Raises `SettingError` where the file is not TOML, or a part or edge is missing.
    """
    own = home / "anchors.toml" if home else None
    shipped = files("mining").joinpath("anchors.toml").read_text(encoding="utf-8")
    text = own.read_text(encoding="utf-8") if own and own.is_file() else shipped
    try:
        found, expected = tomllib.loads(text), tomllib.loads(shipped)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{own} is not TOML: {error}.") from error
    for part, entries in expected.items():
        there = found.get(part)
        missing = [] if not isinstance(entries, dict) else [k for k in entries if k not in (there or {})]
        if there is None or missing:
            raise SettingError(f"{own}: {part} lacks {', '.join(missing) or 'everything'}.")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Anchors(
        digest=digest, version=found["version"], **{k: v for k, v in found.items() if k != "version"}
    )


def bin_of(value: float, edges: list[float]) -> int:
    """The score from 1 to 5 of a value. Falling edges mean that less is better."""
    rising = edges[0] < edges[-1]
    return 1 + sum(value >= edge if rising else value <= edge for edge in edges)


def to_move(value: float, edges: list[float]) -> tuple[float | None, float | None]:
    """The edges that would lower and raise the score by one; `None` at either end."""
    score = bin_of(value, edges)
    return (edges[score - 2] if score > 1 else None), (edges[score - 1] if score < 5 else None)

"""What a system outside can take: the tables `[systems.NAME]` of `baton.toml`."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from home.errors import SettingError
from home.settings import read_tables

TABLE = "systems"


class SystemLimits(BaseModel):
    """Limits of one system, held over all workers on one database. What is left out is not limited."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    concurrency: int | None = Field(default=None, ge=1)
    """Calls at the same time."""
    per_second: float | None = Field(default=None, gt=0)
    """Calls begun in a second; they are spaced evenly."""
    per_minute: float | None = Field(default=None, gt=0)
    """Calls begun in a minute; they are spaced evenly."""
    breaker_failures: int | None = Field(default=None, ge=1, le=1000)
    """Failed calls in a row after which the breaker opens."""
    breaker_share: float | None = Field(default=None, gt=0, le=1)
    """Share of failed ones among the last `breaker_calls` at which the breaker opens."""
    breaker_calls: int = Field(default=20, ge=2, le=1000)
    """Calls that `breaker_share` looks back on."""
    cool_down_s: float = Field(default=30.0, gt=0)
    """Seconds that an open breaker lets nobody through; then one call may try."""

    @property
    def spacing_s(self) -> float:
        """Seconds between the beginnings of two calls; 0 where no rate is set."""
        return max(
            1 / self.per_second if self.per_second else 0.0, 60 / self.per_minute if self.per_minute else 0.0
        )

    @property
    def has_breaker(self) -> bool:
        """Whether failures open a breaker."""
        return self.breaker_failures is not None or self.breaker_share is not None


def read_limits(home: Path) -> dict[str, SystemLimits]:
    """The limits of every system that `baton.toml` declares, by its name as plans write it.

    Raises `SettingError` naming the table and the key that is unknown or has an impossible value.
    """
    file = home / "baton.toml"
    tables = read_tables(file).get(TABLE, {})
    return {name: _read(name, values, file) for name, values in tables.items()}


def _read(name: str, values: Any, file: Path) -> SystemLimits:
    try:
        return SystemLimits.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else TABLE
        keys = ", ".join(SystemLimits.model_fields)
        problem = (
            "there is no such setting"
            if first["type"] == "extra_forbidden"
            else f"{first['msg']} (found {first['input']!r})"
        )
        raise SettingError(
            f"{file}, table [{TABLE}.{name}], {key!r}: {problem}.", hint=f"A system can have {keys}."
        ) from error

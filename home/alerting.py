"""Who is told about alerts: the table `[alerts]` of `baton.toml`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from home.errors import SettingError
from home.settings import REFERENCE, read_tables

TABLE = "alerts"


class AlertSettings(BaseModel):
    """To whom messages about alerts go, about which, and how many at most."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    to: tuple[str, ...] = ()
    """Address of each service as Apprise writes it (mailto://…, slack://…), by reference; nobody is told
    where there is none."""
    kinds: tuple[str, ...] = ()
    """Kinds of alerts to tell; default is all."""
    per_hour: int = Field(default=10, ge=1)
    """Messages in an hour; what is beyond that is summed up in one more."""
    quiet_s: float = Field(default=3600.0, ge=0)
    """Seconds after a message in which nothing more is said of the same run, system or trigger."""

    @field_validator("to")
    @classmethod
    def _references(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        if not all(REFERENCE.match(address) for address in to):
            raise ValueError("an address is given by reference, env:NAME or file:PATH, since it is a secret")
        return to


def read_alerting(home: Path) -> AlertSettings:
    """What `baton.toml` says of alerts.

    Raises `SettingError` naming the key that is unknown or has an impossible value, never an address.
    """
    file = home / "baton.toml"
    try:
        return AlertSettings.model_validate(read_tables(file).get(TABLE, {}))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        unknown = first["type"] == "extra_forbidden"
        raise SettingError(
            f"{file}, table [{TABLE}], {key!r}: {'there is no such setting' if unknown else first['msg']}.",
            hint=f"It can have {', '.join(AlertSettings.model_fields)}.",
        ) from error

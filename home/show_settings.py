"""`baton config`: the settings in force and where each came from."""

from collections.abc import Iterator

from home import alerting
from home.context import Context
from home.contracts import Nothing, Response
from home.limits import TABLE, read_limits
from home.settings import REFERENCE, environment_name
from home.text import table


class Setting(Response):
    """One setting."""

    setting: str
    """Its name, as in `baton.toml`."""
    value: str
    """What is in force; a secret shows as its reference or not at all."""
    origin: str
    """`flag`, the environment variable, the file, or `default`."""
    variable: str
    """The environment variable that sets it."""


class SettingList(Response):
    """Every setting."""

    settings: list[Setting]

    def lines(self) -> Iterator[str]:
        """One line per setting."""
        yield from table([s.model_dump() for s in self.settings])


def show_settings(context: Context, request: Nothing) -> SettingList:  # noqa: ARG001
    """Every setting with its value and origin; the password in a database URL is not shown."""
    configuration = context.configuration
    return SettingList(
        settings=[
            Setting(
                setting=name,
                value=_shown(name, getattr(configuration.settings, name)),
                origin=configuration.origins[name],
                variable=environment_name(name),
            )
            for name in type(configuration.settings).model_fields
        ]
        + list(_of_alerts(context))
        + list(_of_systems(context))
    )


def _of_alerts(context: Context) -> Iterator[Setting]:
    """What `[alerts]` sets, key by key."""
    found = alerting.read_alerting(context.home)
    for key in type(found).model_fields:
        yield _of_table(
            context, f"{alerting.TABLE}.{key}", getattr(found, key), key in found.model_fields_set
        )


def _of_systems(context: Context) -> Iterator[Setting]:
    """What `[systems.NAME]` sets, key by key."""
    for name, limits in read_limits(context.home).items():
        for key in sorted(type(limits).model_fields):
            given = key in limits.model_fields_set
            yield _of_table(context, f"{TABLE}.{name}.{key}", getattr(limits, key), given)


def _of_table(context: Context, name: str, value: object, given: bool) -> Setting:
    origin = str(context.home / "baton.toml") if given else "default"
    return Setting(setting=name, value=_shown(name, value), origin=origin, variable="")


def _shown(name: str, value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
    if name == "database_url" and text and not REFERENCE.match(text):
        from sqlalchemy.engine import make_url

        return make_url(text).render_as_string(hide_password=True)
    return text

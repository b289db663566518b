"""Settings: a flag beats `BATON_*`, which beats `baton.toml`, which beats the default."""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from home.errors import SettingError

REFERENCE = re.compile(r"^(env|file):(.+)$", re.DOTALL)


class Settings(BaseModel):
    """Everything that can be set, with its default; durations in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    home: Path = Path(".baton")
    """Folder that holds the stores, uploads and logs."""
    database_url: str = ""
    """Transactional store: a URL, `env:NAME` or `file:PATH`; empty is a SQLite file in the home folder."""
    host: str = "127.0.0.1"
    """Address `baton serve` binds to."""
    port: int = Field(default=8787, ge=0, le=65535)
    """Port `baton serve` binds to; 0 takes a free one."""
    memory_limit: str = "4GB"
    """Memory DuckDB may use before it spills to disk."""
    max_file_bytes: int = Field(default=8 * 2**30, gt=0)
    """Largest input, after decompression."""
    max_rows: int = Field(default=200_000_000, gt=0)
    """Most rows one load may bring."""
    child_memory_bytes: int = Field(default=4 * 2**30, gt=0)
    """Memory cap of one child process."""
    child_deadline_s: float = Field(default=600.0, gt=0)
    """Seconds one computation in a child process may take."""
    read_memory_bytes: int = Field(default=2 * 2**30, gt=0)
    """Memory cap of the child process that reads a source."""
    read_deadline_s: float = Field(default=3600.0, gt=0)
    """Seconds that reading one source may take."""
    mask_key: str = ""
    """Key that `--mask` replaces values with, by reference: `env:NAME` or `file:PATH`."""
    alpha: float = Field(default=0.1, ge=0, le=1)
    """Share of an avoidable waiting hour that is counted as labour-equivalent pain."""
    rate: float | None = Field(default=None, ge=0)
    """Money per hour of work; without it pain is shown in hours only."""
    attachment_bytes: int = Field(default=25 * 2**20, gt=0)
    """Largest file that may be attached to a task."""
    attachments_bytes: int = Field(default=5 * 2**30, gt=0)
    """Most that all attachments together may have."""
    heartbeat_s: float = Field(default=1.0, gt=0)
    """Seconds between two heartbeats of a worker."""
    takeover_s: float = Field(default=3.0, gt=0)
    """Seconds without a heartbeat after which a worker's runs are taken over."""
    run_concurrency: int = Field(default=16, gt=0)
    """Runs one worker drives at the same time."""
    run_backlog: int = Field(default=100_000, gt=0)
    """Runs that may wait for a worker; beyond that nobody starts another."""
    poison_after: int = Field(default=5, gt=0)
    """Times in a row that driving a run may break off before it is parked as stuck."""
    keep_runs_days: float | None = Field(default=None, gt=0)
    """Days after their end that `baton retention` keeps runs where it is not told otherwise."""
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    """Host names the service answers to."""
    http_allow: tuple[str, ...] = ()
    """Hosts or networks that HTTP steps may reach although they are private or local."""
    python_allow: tuple[str, ...] = ()
    """`module:function` names that Python steps may call; `module:*` allows a module."""
    script_allow: tuple[str, ...] = ()
    """Programs that script steps may run: how a command line must begin, such as `/opt/bots/invoice`."""
    public_url: str = ""
    """Where others reach this service, such as https://baton.example.org; links in messages begin with it."""
    signing_key: str = ""
    """Key that signs such links, by reference; without it one is made and kept in the transactional store."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on a service or worker logs."""
    otlp_endpoint: str = ""
    """OpenTelemetry collector (OTLP over HTTP) that traces go to; default is the environment's
    OTEL_EXPORTER_OTLP_ENDPOINT, and without either nothing is traced."""
    metrics_token: str = ""
    """Token, by reference, with which Prometheus may read `/api/metrics` and nothing else."""
    disk_min_bytes: int = Field(default=512 * 2**20, ge=0)
    """Free space in the home folder below which the service says it is not ready."""


def environment_name(field: str) -> str:
    """The environment variable of a setting: `run_concurrency` is `BATON_RUN_CONCURRENCY`."""
    return f"BATON_{field.upper()}"


class Configuration:
    """The settings in force, and where each of them came from."""

    def __init__(self, settings: Settings, origins: Mapping[str, str]) -> None:
        self.settings = settings
        self.origins = dict(origins)


TABLES = ("alerts", "apis", "models", "rest", "systems")
"""The tables of `baton.toml`; what is in them is read by the rooms they belong to."""


def configure(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Read the settings.

    `flags` are values given on the command line (`None` means not given). `baton.toml` is looked
    for in the home folder. Raises `SettingError` for an unknown key or a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    given = {k: v for k, v in (flags or {}).items() if v is not None}
    from_env = {
        f: environ[environment_name(f)] for f in Settings.model_fields if environment_name(f) in environ
    }
    home = Path(given.get("home") or from_env.get("home") or Settings.model_fields["home"].default)
    toml_file = home / "baton.toml"
    from_file = read_toml(toml_file)
    for table in read_tables(toml_file):
        if table not in TABLES:
            raise _unknown(table, str(toml_file), "table", TABLES)
    values: dict[str, Any] = {
        **from_file,
        **{k: _split(k, v) for k, v in from_env.items()},
        **given,
        "home": home,
    }
    origins = dict.fromkeys(Settings.model_fields, "default")
    origins |= dict.fromkeys(from_file, str(toml_file))
    origins |= {k: environment_name(k) for k in from_env} | dict.fromkeys(given, "flag")
    try:
        return Configuration(Settings.model_validate(values), origins)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if key not in Settings.model_fields:
            known = list(Settings.model_fields)
            raise _unknown(key, str(origins.get(key, toml_file)), "setting", known) from error
        raise SettingError(
            f"Setting {key!r} from {origins.get(key, toml_file)}: {first['msg']} (found {first['input']!r}).",
            hint="`baton config` shows every setting, its value and where it came from.",
        ) from error


def _unknown(key: str, origin: str, what: str, known: Collection[str]) -> SettingError:
    from difflib import get_close_matches

    near = get_close_matches(key, known, n=2)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return SettingError(
        f"There is no {what} {key!r}, which {origin} gives.",
        hint=f"{meant}`baton config` shows every setting, its value and where it came from.",
    )


def _split(key: str, value: str) -> Any:
    """Environment variables are text; a tuple setting is written with commas."""
    if isinstance(Settings.model_fields[key].default, tuple):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """The top-level settings of `baton.toml`; an absent file is empty."""
    return {k: v for k, v in _content(path).items() if not isinstance(v, dict)}


def read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of `baton.toml`, each of which belongs to one room."""
    return {k: v for k, v in _content(path).items() if isinstance(v, dict)}


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path} is not readable TOML: {error}.", hint="Mend the line named above."
        ) from error


def secret(reference: str) -> str:
    """The secret behind `env:NAME` or `file:PATH`; any other text is refused.

    Raises `SettingError` naming the reference, never the value.
    """
    match = REFERENCE.match(reference)
    if match is None:
        raise SettingError(
            "A secret is given by reference, and this is not one.",
            hint="Write env:NAME for an environment variable or file:PATH for a file.",
        )
    kind, name = match.groups()
    if kind == "env":
        value = os.environ.get(name)
        if value is None:
            raise SettingError(
                f"Environment variable {name!r} is not set.", hint=f"Set {name} and try again."
            )
        return value
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"Secret file {name!r} cannot be read: {error.strerror}.") from error


def dereference(value: str) -> str:
    """`value` itself, or the secret it refers to."""
    return secret(value) if REFERENCE.match(value) else value

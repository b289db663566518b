"""What `baton.toml` says about a REST interface: address, credentials, pages, records, cursor."""

import json
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from home.errors import NotFound, SettingError
from home.settings import REFERENCE, read_toml, secret

PREFIX = "rest:"
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
BY_REFERENCE = "a secret is given by reference: env:NAME or file:PATH"


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )


class Auth(_Strict):
    """Credentials, each by reference (`env:NAME`, `file:PATH`)."""

    bearer: str | None = None
    """A token for `Authorization: Bearer`."""
    basic: str | None = None
    """`user:password` in one secret, or the password of `user`."""
    user: str | None = None
    """The user, where only the password is secret."""
    key: str | None = None
    """An API key, sent in `header` or in `query`."""
    header: str | None = None
    query: str | None = None

    @field_validator("bearer", "basic", "key")
    @classmethod
    def _referred(cls, value: str | None) -> str | None:
        if value is not None and not REFERENCE.match(value):
            raise ValueError(BY_REFERENCE)
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(part is not None for part in (self.bearer, self.basic, self.key)) > 1:
            raise ValueError("bearer, basic and key exclude each other")
        if (self.key is None) != (self.header is None and self.query is None):
            raise ValueError("a key needs the name of its header or of its query parameter")
        return self


class Paginator(_Strict):
    """How one page leads to the next."""

    kind: Literal["single", "page", "offset", "cursor", "next", "link"] = "single"
    """`page` counts pages, `offset` records; `cursor` sends back what the last page gave; `next` follows an
    address in the body, `link` the `Link` header."""
    parameter: str | None = None
    """Name of the page, the offset or the cursor in the question; `page`, `offset`, `cursor` without it."""
    start: int | None = None
    """The first page (1) or offset (0)."""
    size: int | None = Field(default=None, gt=0)
    """Records asked for at a time."""
    size_parameter: str | None = None
    """Name of the size in the question."""
    path: str | None = None
    """Where the page gives the cursor, or the address of the next page."""
    more: str | None = None
    """Where the page says whether there are more (`false` ends)."""
    total: str | None = None
    """Where the page says how many records there are in all."""
    place: Literal["query", "body"] | None = None
    """Where the parameters go; into the body of a POST, else into the query."""
    most: int = Field(default=100_000, gt=0)
    """Pages after which a source counts as endless."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("cursor", "next") and not self.path:
            raise ValueError(f"a paginator of the kind {self.kind!r} needs a path")
        return self


class Since(_Strict):
    """How a pull asks only for what is new."""

    parameter: str
    """Name in the query (or in the body of a POST) that takes the moment."""
    field: str | None = None
    """Path in a record of what only grows: an id or the time of its last change."""
    rows: str | None = None
    """Column of the time of each row, where a record carries its history: rows loaded before are left out."""
    template: str = "{since}"
    """What is sent, such as `updated >= "{since}" order by updated`."""
    format: str | None = None
    """How the moment is written (strftime); as it came, or ISO 8601 in UTC, without it."""
    tz: str = "UTC"
    """Zone in which `format` writes it."""
    lag_s: float = Field(default=10.0, ge=0)
    """With `rows`: seconds before a pull that are left for the next one, since a search may know of a change
    late."""
    initial: str | None = None
    """What the first pull asks for; without it, it asks for everything."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.field is None) == (self.rows is None):
            raise ValueError("a cursor needs either a field or rows")
        if "{since}" not in self.template:
            raise ValueError("the template has no {since}")
        return self


class Declaration(_Strict):
    """One REST interface: the table `[rest.NAME]` of `baton.toml`."""

    address: str
    """Where the first page is; may be a reference, where it differs from machine to machine."""
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    """Further headers; a value may be a reference."""
    params: dict[str, str | int | float | bool] = {}
    """Query parameters; a value may be a reference."""
    body: dict[str, Any] | None = None
    """What a POST sends, as JSON."""
    auth: Auth = Auth()
    paginator: Paginator = Paginator()
    records: str | None = None
    """Path of the records in a page; `.` is the page itself. Not needed where there is only one list."""
    error: str | None = None
    """Path of what a page says when it failed although it answers 200."""
    cursor: Since | None = None
    rate: float | None = Field(default=None, gt=0)
    """Most requests per second."""
    timeout_s: float = Field(default=60.0, gt=0)
    """Seconds one request may take, body included."""
    deadline_s: float = Field(default=3600.0, gt=0)
    """Seconds all requests of one load may take."""
    attempts: int = Field(default=5, gt=0, le=20)
    """How often a request is tried before the service counts as unreachable."""
    backoff_s: float = Field(default=0.5, gt=0)
    """Seconds before the second attempt; doubled each time, up to 60."""
    page_bytes: int = Field(default=64 * 2**20, gt=0)
    """Largest page, after decompression."""
    total_bytes: int = Field(default=8 * 2**30, gt=0)
    """Most bytes of all pages together, after decompression."""
    ca_file: str | None = None
    """Certificates to trust besides the usual ones, as PEM."""

    @field_validator("address")
    @classmethod
    def _plain(cls, value: str) -> str:
        if REFERENCE.match(value):
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address begins with https:// or http://")
        if parts.username or parts.password:
            raise ValueError(f"credentials do not belong in an address; {BY_REFERENCE}, under auth")
        return value

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if name.lower() in SECRET_HEADERS and not REFERENCE.match(text):
                raise ValueError(f"{name}: {BY_REFERENCE}")
            if any(c in name + text for c in "\r\n\0"):
                raise ValueError(f"{name!r}: a header has no line breaks")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.body is not None and self.method == "GET":
            raise ValueError('a body needs method = "POST"')
        return self

    @property
    def shown(self) -> str:
        """The address without its query."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"


class Sealed(_Strict):
    """A declaration on its way to the adapter, in memory only: with what its references stand for."""

    name: str
    declaration: Declaration
    allow: tuple[str, ...] = ()
    """The setting `http_allow`."""
    secrets: dict[str, str] = Field(default={}, repr=False)
    """What each reference stands for: looked up where the command runs, not where the source is read."""

    def as_address(self) -> str:
        """As the address of a source."""
        return PREFIX + self.model_dump_json(exclude_defaults=True)

    @classmethod
    def of(cls, address: str) -> "Sealed | None":
        """What `as_address` wrote; `None` for any other address."""
        if not address.startswith(f"{PREFIX}{{"):
            return None
        return cls.model_validate_json(address.removeprefix(PREFIX))


def declared(home: Path, name: str, allow: Sequence[str] = ()) -> Sealed:
    """The interface called `name` in `baton.toml`; raises `NotFound` with the nearest names."""
    path = home / "baton.toml"
    read_toml(path)  # says where a broken file is broken
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("rest", {}) if path.is_file() else {}
    if not isinstance(tables, dict) or not isinstance(tables.get(name), dict):
        near = get_close_matches(name, map(str, tables), n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(sorted(map(str, tables))) or "none"
        raise NotFound(
            f"No REST interface called {name!r}.",
            hint=f"{meant}{path} declares as [rest.NAME]: {listed}.",
        )
    table = dict(tables[name])
    parsed(table, name, path)  # a key that is wrong is said before a secret that is not there
    if REFERENCE.match(str(table.get("address"))):
        table["address"] = secret(table["address"])
    found = parsed(table, name, path)
    return Sealed(name=f"{PREFIX}{name}", declaration=found, allow=tuple(allow), secrets=_secrets(found))


def _secrets(declaration: Declaration) -> dict[str, str]:
    auth = declaration.auth
    values = [auth.bearer, auth.basic, auth.key, *declaration.headers.values(), *declaration.params.values()]
    return {value: secret(value) for value in values if isinstance(value, str) and REFERENCE.match(value)}


def parsed(table: dict[str, Any], name: str, path: Path) -> Declaration:
    """A declaration from its table; raises `SettingError` naming the key and the nearest known one."""
    try:
        return Declaration.model_validate(table)
    except ValidationError as error:
        found = error.errors(include_input=False)
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
        place = ".".join(map(str, first["loc"]))
        table_name = f"[rest.{name}]"
        if first["type"] == "extra_forbidden":
            near = get_close_matches(str(first["loc"][-1]), _keys(first["loc"][:-1]), n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise SettingError(
                f"{path}, {table_name}: there is no key {place!r}.{meant}",
                hint="docs/adapters.md lists every key.",
            ) from None
        said = first["msg"].removeprefix("Value error, ")
        raise SettingError(
            f"{path}, {table_name}{' ' + place if place else ''}: {said}.",
            hint="docs/adapters.md lists every key.",
        ) from None


def _keys(place: tuple[int | str, ...]) -> list[str]:
    inner: dict[str, type[_Strict]] = {"auth": Auth, "paginator": Paginator, "cursor": Since}
    return list((inner.get(str(place[0]), Declaration) if place else Declaration).model_fields)


def direct(address: str, allow: Sequence[str] = ()) -> Sealed:
    """An address typed as it is: one page of JSON, read without credentials."""
    try:
        declaration = Declaration(address=address, paginator=Paginator(kind="link"))
    except ValidationError as error:
        said = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise SettingError(
            f"{address.partition('@')[2] or address}: {said}.",
            hint="Declare it in baton.toml as [rest.NAME] with auth, and read rest:NAME.",
        ) from None
    return Sealed(name=declaration.shown, declaration=declaration, allow=tuple(allow))


def written(value: Any) -> str:
    """A value as a query parameter holds it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)

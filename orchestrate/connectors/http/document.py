"""Reads OpenAPI 3 documents from files and addresses, and follows the references inside them."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from home.errors import BatonError, Refused, Unreachable

METHODS = ("get", "put", "post", "delete", "patch", "head")
LARGEST = 10 * 2**20
DEEPEST = 60
READ_S = 20.0


class BadDocument(Refused):
    """A document is no OpenAPI 3, or says something that cannot be followed."""

    code = "openapi"


@dataclass(frozen=True)
class Document:
    """An OpenAPI document and where it came from."""

    content: dict[str, Any]
    source: str
    sha256: str

    @property
    def title(self) -> str:
        """What it calls itself."""
        info = self.content.get("info") or {}
        return " ".join(str(info[name]) for name in ("title", "version") if name in info)

    def operations(self) -> Iterator[tuple[str, str, str, dict[str, Any], dict[str, Any]]]:
        """`(id, method, path, operation, path item)`; an operation without an id is called `method path`."""
        for path, item in (self.content.get("paths") or {}).items():
            item = self.at(item)
            for method in METHODS:
                found = item.get(method) if isinstance(item, dict) else None
                if isinstance(found, dict):
                    yield str(found.get("operationId") or f"{method} {path}"), method, str(path), found, item

    def at(self, value: Any) -> Any:
        """`value`, or what it refers to inside this document; raises `BadDocument`."""
        for _ in range(DEEPEST):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self._pointed(value["$ref"])
        raise BadDocument(f"{self.source}: its references go round in a circle.")

    def _pointed(self, ref: str) -> Any:
        if not ref.startswith("#/"):
            raise BadDocument(
                f"{self.source} refers to {ref!r} in another document.", hint="Bundle it into one file first."
            )
        value: Any = self.content
        for part in ref[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, dict) or name not in value:
                raise BadDocument(f"{self.source} refers to {ref!r}, which it does not have.")
            value = value[name]
        return value


def read_document(source: str, allowed: Sequence[str]) -> Document:
    """The document in a file or at an address; raises `BadDocument`, `Unreachable`.

    `allowed` are private hosts that may be reached, as the setting `http_allow` names them.
    """
    remote = source.startswith(("http://", "https://"))
    body = _fetched(source, allowed) if remote else _read(source)
    if len(body) > LARGEST:
        raise BadDocument(f"{source} has {len(body):,} bytes; the most is {LARGEST:,}.")
    content = _parsed(source, body)
    version = str(content.get("openapi", "")) if isinstance(content, dict) else ""
    if not version.startswith("3."):
        found = "Swagger 2" if isinstance(content, dict) and "swagger" in content else "something else"
        raise BadDocument(
            f"{source} is {found}, not OpenAPI 3.", hint="Convert it: most tools export OpenAPI 3."
        )
    return Document(content, source, hashlib.sha256(body).hexdigest())


def _read(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise BadDocument(f"The OpenAPI document {source!r} cannot be read: {error.strerror}.") from error


def _fetched(source: str, allowed: Sequence[str]) -> bytes:
    import httpx

    from orchestrate.connectors.addresses import Addresses
    from orchestrate.connectors.http.exchange import exchange
    from orchestrate.connectors.port import CallFailed

    async def get() -> httpx.Response:
        async with asyncio.timeout(READ_S):
            return await exchange(Addresses(allowed), httpx.Request("GET", source), READ_S)

    try:
        answer = asyncio.run(get())
    except (TimeoutError, CallFailed, httpx.InvalidURL, UnicodeError) as error:
        said = error.message if isinstance(error, CallFailed) else "no answer in time"
        raise Unreachable(f"The OpenAPI document {source!r} cannot be fetched: {said}.") from error
    if answer.status_code != 200:
        raise Unreachable(f"{source!r} answered {answer.status_code}, not an OpenAPI document.")
    return answer.content


def _parsed(source: str, body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        if text.lstrip().startswith("{"):
            return json.loads(text)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            raise BadDocument(f"{source} uses YAML aliases, which are not followed.")
        return json.loads(json.dumps(yaml.load(text, Loader=yaml.CSafeLoader), default=str))
    except BatonError:
        raise
    except (UnicodeDecodeError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise BadDocument(f"{source} is neither JSON nor YAML.") from error

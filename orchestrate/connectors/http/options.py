"""What a binding to an HTTP service may set."""

import re
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from home.context import Context
from home.contracts import Contract
from orchestrate.connectors.http.operation import Operation
from orchestrate.connectors.options import Options, Reference, silence_misfit
from orchestrate.contracts import JsonSchema, Step

PLACE = re.compile(r"\{([\w.]+)\}")
ORIGIN = re.compile(r"^https?://([^/?#\s]+)", re.IGNORECASE)
NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")


class OAuth(Contract):
    """OAuth 2 client credentials: a token is fetched, kept until shortly before it ends, and renewed."""

    token_url: str
    client_id: str
    client_secret: Reference
    scope: str = ""
    audience: str = ""

    @field_validator("token_url")
    @classmethod
    def _plain(cls, url: str) -> str:
        return plain_url(url)


class HttpOptions(Options):
    """Where to, as whom, and by which contract."""

    url: str | None = None
    """Where to; {name} in its path or query comes from the input. With `openapi`, where the service is."""
    method: str = "POST"
    """GET and DELETE send the input as a query, the others as JSON."""
    headers: dict[str, str] = {}
    """Names and values; a value may be env:NAME or file:PATH."""
    bearer: Reference | None = None
    """Token, by reference."""
    basic: Reference | None = None
    """USER:PASSWORD, by reference."""
    api_key: Reference | None = None
    """Key, by reference, sent in the header `api_key_header`."""
    api_key_header: str = "X-API-Key"
    """Header that carries `api_key`."""
    oauth: OAuth | None = None
    """OAuth 2 client credentials: token_url, client_id, client_secret by reference, scope, audience."""
    key_header: str = "Idempotency-Key"
    """Header that carries the idempotency key."""
    callback: str | None = None
    """Header that carries the address to post the result to. A service that answers 202 is waited for."""
    within_s: float | None = Field(default=None, gt=0)
    """Seconds that a service which answered 202 has; after that a person is asked."""
    otherwise: str | None = None
    """Outcome of the step when nothing has come by then: nobody is asked, and the plan goes on by it."""
    openapi: str | None = None
    """The service's OpenAPI document: a file, a URL, or NAME of a table [apis.NAME] in baton.toml. It is read
    when the step is bound, not when it runs."""
    operation: str | None = None
    """operationId in that document: gives method, path, and the step's input and output contracts."""
    contract: dict[str, Any] | None = None
    """The operation as it was read; `baton bind` fills it in."""

    def completed(self, context: Context) -> Self:
        """With the operation in it.

        The document is read now and never again: a version of a plan does not change under its runs.
        """
        if self.openapi is None or self.operation is None or self.contract is not None:
            return self
        from orchestrate.connectors.http.apis import apis_of
        from orchestrate.connectors.http.document import read_document
        from orchestrate.connectors.http.openapi import operation_of

        source = apis_of(context.home).get(self.openapi, self.openapi)
        document = read_document(source, context.settings.http_allow)
        found = operation_of(document, self.operation, self.url)
        return self.model_copy(update={"contract": found.model_dump(mode="json", exclude_defaults=True)})

    def contracts(self) -> tuple[JsonSchema, JsonSchema]:
        """Those of the operation."""
        return (self.known.input, self.known.output) if self.known is not None else ({}, {})

    def misfit(self, step: Step) -> str | None:
        """Silence is an outcome only where its step knows it."""
        return silence_misfit(self.otherwise, self.within_s, step)

    @property
    def known(self) -> Operation | None:
        """The operation, where a document said it."""
        return None if self.contract is None else Operation.model_validate(self.contract)

    @field_validator("url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        return url if url is None else plain_url(url)

    @field_validator("method")
    @classmethod
    def _known_method(cls, method: str) -> str:
        if method.upper() not in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
            raise ValueError("no such method; there are GET, POST, PUT, PATCH, DELETE and HEAD")
        return method.upper()

    @field_validator("headers")
    @classmethod
    def _header_names(cls, headers: dict[str, str]) -> dict[str, str]:
        wrong = [name for name in headers if not NAME.match(name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} cannot name a header")
        return headers

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.url is None and self.contract is None and self.openapi is None:
            raise ValueError("it needs a url, or openapi and operation")
        if (self.openapi is None) != (self.operation is None):
            raise ValueError("openapi and operation go together")
        ways = [name for name in ("bearer", "basic", "api_key", "oauth") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} are two ways to sign in; give one")
        return self


def plain_url(url: str) -> str:
    """`url`, where its host is fixed and holds no password; raises `ValueError`."""
    found = ORIGIN.match(url)
    if found is None:
        raise ValueError("an address begins with http:// or https://")
    if "@" in found[1]:
        raise ValueError("an address holds no password; see bearer, basic, api_key and oauth")
    if "{" in found[1]:
        raise ValueError("the input must not choose the host")
    return url

"""Signed tokens: links by which systems and people outside answer, without an account."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from sqlalchemy import text

from home.context import Context
from home.errors import BatonError, SettingError
from home.settings import REFERENCE, secret

LONGEST = 2000


class BadToken(BatonError):
    """A token was not made here, was changed, or has ended."""

    code = "unauthorised"


def signed(context: Context, purpose: str, *facts: Any) -> str:
    """A token that says `facts` and can be used for `purpose` only."""
    content = json.dumps(facts, separators=(",", ":")).encode()
    return f"{_coded(content)}.{_coded(_mac(context, purpose, content))}"


def read_token(context: Context, purpose: str, token: str) -> list[Any]:
    """What `signed` was given; raises `BadToken` for every other text."""
    body, dot, mac = token.partition(".")
    try:
        if not dot or len(token) > LONGEST:
            raise ValueError
        content, given = _decoded(body), _decoded(mac)
        if not hmac.compare_digest(given, _mac(context, purpose, content)):
            raise ValueError
        found: list[Any] = json.loads(content)
    except ValueError as error:
        raise BadToken(
            "This link is not valid.", hint="It was cut short, changed, or is of elsewhere."
        ) from error
    return found


def public_url(context: Context, path: str) -> str:
    """The address of `path` as others reach it; raises `SettingError` where nobody has said."""
    base = context.settings.public_url
    if not base:
        raise SettingError(
            "A link back to this service is wanted, and the setting public_url does not say where it is.",
            hint="Set public_url in baton.toml, for example https://baton.example.org.",
        )
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def _mac(context: Context, purpose: str, content: bytes) -> bytes:
    return hmac.digest(_key(context), purpose.encode() + b"\0" + content, hashlib.sha256)


def _key(context: Context) -> bytes:
    if context.settings.signing_key:
        if not REFERENCE.match(context.settings.signing_key):
            raise SettingError(
                "The setting signing_key is no reference.", hint="Write env:NAME or file:PATH."
            )
        return secret(context.settings.signing_key).encode()
    row = context.state.row("select secret from signing_key")
    if row is None:
        with context.state.transaction() as connection:  # several may try; the first one's stays
            connection.execute(
                text("insert into signing_key values (1, :secret) on conflict do nothing"),
                {"secret": secrets.token_hex(32)},
            )
        row = context.state.row("select secret from signing_key")
    assert row is not None  # noqa: S101 - written above
    return str(row["secret"]).encode()


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

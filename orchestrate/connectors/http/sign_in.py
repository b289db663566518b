"""Who a request is from: bearer, basic, an API key, or OAuth 2 client credentials with a cached token."""

import asyncio
import base64
import time
from urllib.parse import quote_plus

import httpx

from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.http.exchange import exchange
from orchestrate.connectors.http.options import HttpOptions, OAuth
from orchestrate.connectors.port import CallFailed
from orchestrate.connectors.secrets import Secrets

EARLY_S = 30.0
"""A token is renewed this long before it ends."""
SHORT_LIVED_S = 300.0
"""How long a token is used whose server does not say how long it lives."""


class SignIn:
    """Makes the headers that say who a request is from; keeps tokens for the life of the process."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    async def headers(self, options: HttpOptions, secrets: Secrets, timeout_s: float) -> dict[str, str]:
        """Headers of one request. Raises `CallFailed` where a secret or a token is not to be had."""
        if options.bearer is not None:
            return {"authorization": f"Bearer {_clean(secrets.of(options.bearer))}"}
        if options.basic is not None:
            pair = secrets.of(options.basic)
            secrets.hide(pair.partition(":")[2])
            coded = secrets.hide(base64.b64encode(pair.encode()).decode())
            return {"authorization": f"Basic {coded}"}
        if options.api_key is not None:
            return {options.api_key_header: _clean(secrets.of(options.api_key))}
        if options.oauth is not None:
            token = await self._token(options.oauth, secrets, timeout_s)
            return {"authorization": f"Bearer {secrets.hide(token)}"}
        return {}

    def refused(self, options: HttpOptions) -> bool:
        """The service says 401: forget the token; whether another one may do better."""
        return options.oauth is not None and self._tokens.pop(_name(options.oauth), None) is not None

    async def _token(self, oauth: OAuth, secrets: Secrets, timeout_s: float) -> str:
        name, password = _name(oauth), secrets.of(oauth.client_secret)
        found = self._tokens.get(name)
        if found is not None and found[1] > time.monotonic():
            return found[0]
        pair = f"{quote_plus(oauth.client_id)}:{quote_plus(password)}"  # RFC 6749, 2.3.1
        coded = secrets.hide(base64.b64encode(pair.encode()).decode())
        form = {"grant_type": "client_credentials", "scope": oauth.scope, "audience": oauth.audience}
        request = httpx.Request(
            "POST",
            oauth.token_url,
            data={k: v for k, v in form.items() if v},
            headers={"authorization": f"Basic {coded}", "accept": "application/json"},
        )
        async with asyncio.timeout(timeout_s):
            answer = await exchange(self._addresses, request, timeout_s)
        token, lives_s = _read_token(answer, secrets)
        self._tokens[name] = (token, time.monotonic() + max(0.0, lives_s - EARLY_S))
        return token


def _name(oauth: OAuth) -> tuple[str, ...]:
    return oauth.token_url, oauth.client_id, oauth.client_secret, oauth.scope, oauth.audience


def _read_token(answer: httpx.Response, secrets: Secrets) -> tuple[str, float]:
    host = answer.request.url.host
    if answer.status_code != 200:
        retryable = answer.status_code >= 500 or answer.status_code == 429
        raise CallFailed(f"the token server answered {answer.status_code}", retryable=retryable)
    try:
        found = answer.json()
        token, lives_s = found["access_token"], float(found.get("expires_in", SHORT_LIVED_S))
    except (ValueError, KeyError, TypeError) as error:
        raise CallFailed(f"{host} answered with no access_token", retryable=False) from error
    if not isinstance(token, str) or str(found.get("token_type", "bearer")).lower() != "bearer":
        raise CallFailed(f"{host} answered with no bearer token", retryable=False)
    return _clean(secrets.hide(token)), lives_s


def _clean(value: str) -> str:
    """A secret that may stand in a header; raises `CallFailed` for line breaks and letters beyond ASCII."""
    if not value.isascii() or not value.isprintable():
        raise CallFailed("a secret for a header has a line break or letters beyond ASCII", retryable=False)
    return value

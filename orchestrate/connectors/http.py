"""Calls a service over HTTP, keyed, within a deadline, and never into the private network by accident."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from home.errors import SettingError
from home.settings import Settings, dereference, secret
from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.port import CallFailed, Work

PLACE = re.compile(r"\{(\w+)\}")
MOST_REDIRECTS = 5
MOST_BYTES = 10 * 2**20
KEY_HEADER = "Idempotency-Key"
PASSING = {408, 425, 429}
"""Client errors that another attempt may not meet again; 5xx are too."""


class HttpConnector:
    """One request per attempt. The JSON object that comes back is the step's output."""

    summary = "Calls a service over HTTP; the input goes out as JSON, the JSON that comes back is the output."
    options: Mapping[str, str] = {
        "url": "where to; {name} is filled from the input",
        "method": "POST unless said otherwise; GET and DELETE send the input as a query",
        "headers": "names and values; a value may be env:NAME or file:PATH",
        "bearer": "token by reference: env:NAME or file:PATH",
    }

    def __init__(self, settings: Settings) -> None:
        self._addresses = Addresses(settings.http_allow)

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Send the request, follow safe redirects, and read the answer."""
        try:
            request = _request(work)
        except SettingError as error:
            raise CallFailed(error.message, retryable=False) from error
        limits = httpx.Timeout(work.timeout_s)
        async with httpx.AsyncClient(timeout=limits, trust_env=False, follow_redirects=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                answer = await self._send(client, request)
                if not answer.has_redirect_location:
                    return _output(answer)
                request = _redirected(request, answer)
        raise CallFailed(f"{request.url.host} redirects more than {MOST_REDIRECTS} times", retryable=False)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """One exchange with the one address that was checked."""
        url = request.url
        if url.scheme not in ("http", "https") or url.userinfo:
            raise CallFailed(f"{url.scheme}://{url.host} is no plain HTTP address", retryable=False)
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await self._addresses.resolve(url.host, port)
        pinned = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,  # the Host header still names the service
            content=request.content,
            extensions={"sni_hostname": url.host, "timeout": client.timeout.as_dict()},
        )
        try:
            answer = await client.send(pinned, stream=True)
            try:
                await _read(answer)
            finally:
                await answer.aclose()
        except httpx.TimeoutException as error:
            raise CallFailed(f"{url.host} did not answer in time") from error
        except httpx.HTTPError as error:
            raise CallFailed(f"{url.host} cannot be reached: {type(error).__name__} {error}") from error
        return answer


def _request(work: Work) -> httpx.Request:
    settings, given = work.settings, dict(work.input)
    url = PLACE.sub(lambda match: _filled(match[1], given), str(settings.get("url", "")))
    headers = {name: dereference(str(value)) for name, value in dict(settings.get("headers", {})).items()}
    if "bearer" in settings:
        headers["authorization"] = f"Bearer {secret(str(settings['bearer']))}"
    headers |= {KEY_HEADER: work.key, "accept": "application/json"}
    method = str(settings.get("method", "POST")).upper()
    try:
        if method in ("GET", "DELETE"):
            return httpx.Request(method, url, headers=headers, params=given or None)
        return httpx.Request(method, url, headers=headers, json=given)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise CallFailed(f"the request cannot be written: {error}", retryable=False) from error


def _filled(name: str, given: Mapping[str, Any]) -> str:
    if name not in given:
        raise CallFailed(f"the setting url wants {name!r}, which the input does not have", retryable=False)
    return quote(str(given[name]), safe="")


def _redirected(request: httpx.Request, answer: httpx.Response) -> httpx.Request:
    """The request that a redirect asks for; credentials stay with the service they were meant for."""
    target = request.url.join(answer.headers["location"])
    keep = answer.status_code in (307, 308)
    headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
    if (target.host, target.port, target.scheme) != (request.url.host, request.url.port, request.url.scheme):
        headers = {name: headers[name] for name in (KEY_HEADER.lower(), "accept") if name in headers}
    if not keep:
        return httpx.Request("GET", target, headers=_without_body(headers))
    if "content-type" in request.headers:
        headers["content-type"] = request.headers["content-type"]
    return httpx.Request(request.method, target, headers=headers, content=request.content)


def _without_body(headers: Mapping[str, str]) -> dict[str, str]:
    return {n: v for n, v in headers.items() if n.lower() not in ("content-length", "content-type")}


async def _read(answer: httpx.Response) -> None:
    """Read the body, up to a limit; fills `answer.content`."""
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise CallFailed(f"the answer has more than {MOST_BYTES:,} bytes", retryable=False)
        parts.append(part)
    answer._content = b"".join(parts)


def _output(answer: httpx.Response) -> Mapping[str, Any]:
    status = answer.status_code
    if status >= 400:
        said = " ".join(answer.text[:200].split())
        retryable = status >= 500 or status in PASSING
        raise CallFailed(f"answered {status}{': ' + said if said else ''}", retryable=retryable)
    if not answer.content:
        return {}
    try:
        found = answer.json()
    except ValueError as error:
        raise CallFailed(f"answered {status} with something that is not JSON", retryable=False) from error
    return found if isinstance(found, dict) else {"result": found}

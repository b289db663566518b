"""One HTTP exchange: to the address that was checked, within the deadline, bounded, redirects re-checked."""

import ssl
from collections.abc import Mapping
from functools import cache

import httpx

from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.port import CallFailed

MOST_REDIRECTS = 5
MOST_BYTES = 10 * 2**20


async def exchange(
    addresses: Addresses, request: httpx.Request, timeout_s: float, *, keep: frozenset[str] = frozenset()
) -> httpx.Response:
    """Send a request, follow safe redirects, and read the answer; raises `CallFailed`.

    `keep` are headers, in lower case, that go with a redirect to another service; credentials do not.
    """
    limits = httpx.Timeout(timeout_s)
    async with httpx.AsyncClient(
        timeout=limits, trust_env=False, follow_redirects=False, verify=_trust()
    ) as client:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await _send(addresses, client, request)
            if not answer.has_redirect_location:
                return answer
            request = _redirected(request, answer, keep)
    raise CallFailed(f"{request.url.host} redirects more than {MOST_REDIRECTS} times", retryable=False)


@cache
def _trust() -> ssl.SSLContext:
    """What certificates are checked against. Reading it would hold up the loop for 20 ms at every call."""
    return httpx.create_ssl_context(trust_env=False)


async def _send(addresses: Addresses, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """One exchange with the one address that was checked."""
    url = request.url
    if url.scheme not in ("http", "https") or url.userinfo:
        raise CallFailed(f"{url.scheme}://{url.host} is no plain HTTP address", retryable=False)
    port = url.port or (443 if url.scheme == "https" else 80)
    address = await addresses.resolve(url.host, port)
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


def _redirected(request: httpx.Request, answer: httpx.Response, keep: frozenset[str]) -> httpx.Request:
    """The request that a redirect asks for; credentials stay with the service they were meant for."""
    target = request.url.join(answer.headers["location"])
    same_method = answer.status_code in (307, 308)
    headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
    if (target.host, target.port, target.scheme) != (request.url.host, request.url.port, request.url.scheme):
        headers = {name: value for name, value in headers.items() if name.lower() in keep}
    if not same_method:
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

"""What every request passes first: known host, own origin, safe headers, one access log."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

QUIET = ("/static/", "/assets/", "/_stcore/")
access = logging.getLogger("baton.access")

# Everything comes from this very address: no CDN, no outside request, no framing by other sites.
# Streamlit's own bundle and components need inline styles, blob modules, and WebAssembly.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: blob: data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
    )
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Guard:
    """ASGI middleware around every route, Streamlit's included.

    A page of another site can make a browser send requests here; it cannot choose the `Host` and
    cannot hide its `Origin`. Both are checked, so a cross-origin form post starts nothing.
    """

    def __init__(self, app: Any, allowed_hosts: tuple[str, ...]) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse or pass on, then log."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        reason = self._refusal({k.lower(): v.decode("latin-1") for k, v in scope["headers"]})
        began, status = time.monotonic(), 0

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
            await send(message)

        if reason is None:
            await self.app(scope, receive, sending)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": reason})
        else:
            await _refuse(sending, reason)
        # The browser's own files are many and say nothing about use.
        level = logging.DEBUG if scope["path"].startswith(QUIET) and status < 400 else logging.INFO
        access.log(
            level,
            "%s %s",
            scope.get("method", "WS"),
            scope["path"],
            extra={"status": status or None, "ms": round((time.monotonic() - began) * 1000)},
        )

    def _refusal(self, headers: dict[bytes, str]) -> str | None:
        host = headers.get(b"host", "").lower()
        if _name(host) not in self.allowed_hosts:
            return f"Host {host!r} is not allowed; see the setting allowed_hosts."
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return f"Origin {origin!r} is another site."
        return None


def _name(host: str) -> str:
    """`host` without its port; IPv6 addresses keep their brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


async def _refuse(send: Send, reason: str) -> None:
    body = json.dumps({"error": {"code": "forbidden", "message": reason, "hint": "", "exit": 1}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""The connection itself: only to addresses that may be reached, and never longer than allowed."""

import ssl
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from home.addresses import Addresses


class Wire(httpx.HTTPTransport):
    """A transport whose every read and write ends at the moment `until`, however slowly bytes drip in.

    A name is resolved once per connection, the address checked, and that very address connected to.
    """

    def __init__(self, addresses: Addresses, now: Callable[[], float], ca_file: str | None = None) -> None:
        super().__init__(trust_env=False)
        self.until = 0.0
        self._now = now
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(ca_file),
            max_connections=2,
            max_keepalive_connections=2,
            network_backend=_Pinned(addresses, self),
        )

    def left(self, timeout: float | None) -> float:
        """Seconds that one more read or write may take; raises at the end of the time."""
        remaining = self.until - self._now()
        if remaining <= 0:
            raise httpcore.ReadTimeout("the time for this request is over")
        return remaining if timeout is None else min(timeout, remaining)


@cache
def _trust(ca_file: str | None) -> ssl.SSLContext:
    """The usual certificates, and those of a file; read once, since that takes a tenth of a second."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class _Pinned(httpcore.NetworkBackend):
    def __init__(self, addresses: Addresses, wire: Wire) -> None:
        self._addresses, self._wire, self._plain = addresses, wire, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._addresses.look_up(host, port)
        stream = self._plain.connect_tcp(
            address, port, self._wire.left(timeout), local_address, socket_options
        )
        return _Timed(stream, self._wire)


class _Timed(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, wire: Wire) -> None:
        self._stream, self._wire = stream, wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._wire.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._wire.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(
            self._stream.start_tls(ssl_context, server_hostname, self._wire.left(timeout)), self._wire
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

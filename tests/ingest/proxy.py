"""A wire to a server that can be cut: a TCP proxy on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

PORTS = {"postgresql": 5432, "mariadb": 3306, "mysql": 3306}


class Wire:
    """Forwards connections; each is cut when the server has sent `limit` bytes through it."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.limit: int | None = None
        self.sent: list[int] = []
        """Bytes that the server sent, by connection."""
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.create_connection(self.target)
                number = len(self.sent)
                self.sent.append(0)
                threading.Thread(target=self._pump, args=(near, far, None), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, number), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, number: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if number is not None and self.limit is not None:
                    data = data[: self.limit - self.sent[number]]
                target.sendall(data)
                if number is not None:
                    self.sent[number] += len(data)
                    if self.limit is not None and self.sent[number] >= self.limit:
                        break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def wire(url: str) -> Iterator[tuple[Wire, str]]:
    """A wire to the server of a database, and the database's address through it."""
    found = make_url(url)
    laid = Wire(found.host or "127.0.0.1", found.port or PORTS[found.get_backend_name()])
    try:
        yield laid, found.set(host="127.0.0.1", port=laid.port).render_as_string(hide_password=False)
    finally:
        laid.listening.close()

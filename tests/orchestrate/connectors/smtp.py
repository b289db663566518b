"""A mail server of a few commands, which keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        server: Any = self.server
        self.say("220 stub")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if server.silent.is_set():
                server.gate.wait(5)
                return
            if word in (b"EHLO", b"HELO"):
                self.say("250 stub")
            elif word == b"RCPT" and server.refusing in line.decode():
                self.say("550 nobody of that name")
            elif word == b"DATA":
                self.say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                server.mails.append(message_from_bytes(body))
                self.say("250 kept")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Mail(socketserver.ThreadingTCPServer):
    """Where mails arrive."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mails: list[Message] = []
        self.silent, self.gate = threading.Event(), threading.Event()
        self.refusing = "nobody@"

    def address(self, to: str = "clerk@example.org") -> str:
        return f"mailto://127.0.0.1:{self.server_address[1]}?from=baton@example.org&to={to}&mode=insecure"


@contextmanager
def mail_server() -> Iterator[Mail]:
    """One that runs within the block."""
    with Mail() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.gate.set()
        server.shutdown()


def text_of(mail: Message) -> str:
    """The plain text of a mail."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            return body.decode()
    raise AssertionError("no plain text")

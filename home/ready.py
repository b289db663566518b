"""Tells systemd that a process is ready (`Type=notify`), where systemd started it."""

import os
import socket


def say_ready() -> None:
    """Send `READY=1` to whoever asked for it; does nothing without `NOTIFY_SOCKET`.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifying:
        # An address that begins with @ lies in the abstract namespace.
        notifying.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        notifying.sendall(b"READY=1")

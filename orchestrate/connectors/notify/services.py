"""The services behind addresses as Apprise writes them, each with time limits of its own."""

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apprise import NotifyBase

LONGEST_WAIT_S = 15.0
"""Time limit of connecting, and of reading, where nothing asks for less."""


class BadAddress(ValueError):
    """An address is none that can be notified; the text never says it, since it holds passwords."""


def open_service(address: str, key: str, limit_s: float = LONGEST_WAIT_S) -> "NotifyBase":
    """The service behind an address; where it has headers, `X-Baton-Key` says `key`. Raises `BadAddress`."""
    from apprise import Apprise

    logging.getLogger("apprise").propagate = False  # it repeats addresses; we say ourselves what failed
    made = Apprise()
    if not made.add(address) or len(made) != 1:
        raise BadAddress("it is no address that can be notified")
    service: Any = made[0]
    service.socket_connect_timeout = service.socket_read_timeout = limit_s
    if isinstance(getattr(service, "headers", None), dict):
        service.headers |= {"X-Baton-Key": key}
    return service  # type: ignore[no-any-return]


def send(service: "NotifyBase", title: str, body: str) -> bool:
    """Send a plain text; whether the service took it."""
    try:
        return bool(service.notify(body=body, title=title, body_format="text"))
    except (TypeError, ValueError):
        return False

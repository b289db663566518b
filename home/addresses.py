"""Which addresses may be reached over HTTP: public ones, and what the settings name."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence

from home.errors import BatonError, Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddress(BatonError):
    """A name leads into the private network, and the setting `http_allow` does not name it."""

    code = "private_address"


class Addresses:
    """Resolves a name once and says which address may be connected to.

    The address itself is handed on, so that a name that answers differently a moment later cannot
    lead a request into the private network.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._names = {entry.lower() for entry in allowed}
        self._networks = [network for entry in allowed if (network := _network(entry)) is not None]

    def look_up(self, host: str, port: int) -> str:
        """One address of `host` that may be reached.

        Raises `Unreachable` for a name that nobody knows, `PrivateAddress` for one that may not be reached.
        """
        try:
            return self.pick(host, port, socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            raise _unknown(host, error) from error

    def pick(self, host: str, port: int, found: Iterable[tuple[object, ...]]) -> str:
        """The first address among what `getaddrinfo` found that may be reached; raises `PrivateAddress`."""
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]  # type: ignore[index]
        for address in addresses:
            if self.may_reach(host, port, address):
                return str(address)
        listed = sorted(set(map(str, addresses)))
        where = "" if listed == [host] else f" at {', '.join(listed)}, which is"
        raise PrivateAddress(
            f"{host} is{where} private or local; the setting http_allow does not name it",
            hint='Name it in baton.toml if it is meant: http_allow = ["HOST"].',
        )

    def may_reach(self, host: str, port: int, address: Address) -> bool:
        """Whether `address`, which `host` resolved to, is public or allowed by name, port or network."""
        if {host.lower(), f"{host.lower()}:{port}"} & self._names:
            return True
        inner = _inner(address)
        if any(inner.version == n.version and inner in n for n in self._networks):
            return True
        return inner.is_global and not inner.is_multicast


def _unknown(host: str, error: Exception) -> Unreachable:
    said = getattr(error, "strerror", None) or error
    return Unreachable(f"the name {host!r} cannot be resolved: {said}")


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address

"""A network of its own for one worker, whose cable can be pulled: nobody is told, packets just vanish."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Cable:
    """A pair of virtual devices between this machine and a namespace."""

    def __init__(self) -> None:
        self.name = f"bt{os.getpid() % 100000}"
        self.here, self.there = f"10.213.{os.getpid() % 250}.1", f"10.213.{os.getpid() % 250}.2"
        self.within = ("ip", "netns", "exec", self.name)
        """What a command is to be run by, to be at the other end."""

    def lay(self) -> None:
        """Make namespace, devices and addresses; skips where that is not allowed."""
        if os.geteuid() != 0:
            pytest.skip("a network of its own needs root")
        found = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True)
        if found.returncode:
            pytest.skip(f"no network namespace can be made here: {found.stderr.strip()}")
        near, far = f"{self.name}a", f"{self.name}b"
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
        _ip("addr", "add", f"{self.here}/30", "dev", near)
        _ip("link", "set", near, "up")
        for command in (
            ("addr", "add", f"{self.there}/30", "dev", far),
            ("link", "set", far, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", self.name, *command)

    def pull(self) -> None:
        """From now on nothing comes through, in either direction, and nobody is told."""
        _ip("link", "set", f"{self.name}a", "down")

    def plug_in(self) -> None:
        """Everything comes through again."""
        _ip("link", "set", f"{self.name}a", "up")

    def remove(self) -> None:
        """Take it all away."""
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def cable() -> Iterator[Cable]:
    """A cable that is laid."""
    made = Cable()
    made.lay()
    try:
        yield made
    finally:
        made.remove()

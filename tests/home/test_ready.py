"""systemd is told that a process is ready, and nobody else is."""

import socket
from pathlib import Path

import pytest

from home.ready import say_ready


@pytest.mark.parametrize("abstract", [False, True])
def test_whoever_asked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    path = f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{path}" if abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{path}" if abstract else path)
        say_ready()
        assert listening.recv(100) == b"READY=1"


def test_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    say_ready()

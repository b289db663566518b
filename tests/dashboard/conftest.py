"""A real service in a real process, and a real browser to look at it with."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT


@dataclass
class Served:
    """A running `baton serve`."""

    process: subprocess.Popen[str]
    home: Path
    address: str
    token: str

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """A request to the API with the service's token."""
        wanted = {"authorization": f"Bearer {self.token}"} | headers
        return httpx.post(
            f"{self.address}/api/{path}", json=body or {}, headers=wanted, timeout=60, trust_env=False
        )

    def stop(self) -> int:
        """End it as an operating system would; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def serving(home: Path, *options: str) -> Iterator[Served]:
    """Start `baton serve` on `home` and wait until it answers."""
    log = (home.parent / f"{home.name}.serve.log").open("w")
    command = [sys.executable, "-m", "baton", "serve", "--home", str(home), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=log, stderr=log, text=True, cwd=ROOT)
    try:
        hint = home / "service.json"
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < deadline, Path(log.name).read_text()
            with contextlib.suppress(OSError, ValueError, httpx.HTTPError):
                found = json.loads(hint.read_text())
                if httpx.get(f"{found['address']}/api/health", timeout=2, trust_env=False).status_code == 200:
                    break
            time.sleep(0.05)
        yield Served(process, home, found["address"], found["token"])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts services that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(serving(tmp_path / "home", *options))

"""A real service in a real process, and a real browser to look at it with."""

import contextlib
import json
import os
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

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
SCALE = 0.15
"""Of the sample company: enough cases for a plan that passes its gate."""


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
            f"{self.address}/api/{path}", json=body or {}, headers=wanted, timeout=300, trust_env=False
        )

    def do(self, command: str, **fields: Any) -> Any:
        """What a command answers; it has to succeed."""
        answer = self.post(command, fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, name: str, text: str) -> str:
        """The ticket of a file sent to the service."""
        headers = {"authorization": f"Bearer {self.token}"}
        sent = httpx.post(
            f"{self.address}/api/uploads", params={"name": name}, content=text.encode(), headers=headers,
            trust_env=False,
        )  # fmt: skip
        return str(sent.json()["upload"])

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


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The dashboard on the sample company, with `p2p` planned, published and played, and two runs begun."""
    order = json.dumps({"amount": 1200})
    with serving(tmp_path_factory.mktemp("company") / "home") as service:
        service.do("sample", scale=SCALE)
        planned = service.do("plan", candidate="p2p:process", owner="ada")
        service.do("publish", file=service.upload("p2p.yaml", planned["content"]), by="ada")
        service.do("sandbox", plan="p2p", cases=150)
        for key in ("PO-1", "PO-2"):
            service.do("start", plan="p2p", data=order, key=key)
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium. It ends with its module: while it lives, no other event loop can run here."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is not installed; `make browser` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def contexts(browser: Any) -> Iterator[Callable[[str], Any]]:
    """One browsing context per colour scheme, so that Streamlit's scripts are fetched once."""
    made: dict[str, Any] = {}

    def of(scheme: str) -> Any:
        if scheme not in made:
            size: Any = {"width": 1440, "height": 1000}
            made[scheme] = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        return made[scheme]

    yield of
    for context in made.values():
        context.close()


@pytest.fixture
def visit(contexts: Callable[[str], Any]) -> Iterator[Callable[..., Any]]:
    """Opens pages: `visit("http://127.0.0.1:8000/data", scheme="dark")`.

    At the end of the test no page may have said an error or asked for anything outside.
    """
    pages, complaints = [], []

    def open_(address: str, *, scheme: str = "light") -> Any:
        page = contexts(scheme).new_page()
        pages.append(page)
        page.set_default_timeout(60_000)
        inside = address.split("/", 3)[2]

        def asked(request: Any) -> None:
            if not request.url.startswith(("data:", "blob:")) and request.url.split("/", 3)[2] != inside:
                complaints.append(f"asked for {request.url}")

        page.on("request", asked)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_
    for page in pages:
        page.close()
    assert complaints == []

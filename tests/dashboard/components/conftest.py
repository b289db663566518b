"""The tiny site in a process of its own, opened by a Chromium that may reach nothing else."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the tiny site."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "tests.dashboard.components.site:app",
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    try:
        while not _answers(address):
            assert process.poll() is None and time.monotonic() < deadline, "the site did not start"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_stcore/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def show(site: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a scene and waits until it is drawn: `show("map", scene="orders", scheme="dark")`.

    At the end of the test no page may have said an error or asked for anything outside.
    """
    contexts, complaints = [], []

    def open_(component: str, *, scheme: str = "light", block: str = "", **query: str) -> Any:
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()

        def route(request: Any) -> None:
            url = request.request.url
            if not url.startswith((site, "data:", "blob:")):
                complaints.append(f"asked for {url}")
                request.abort()
            elif block and block in url:
                request.abort()
            else:
                request.continue_()

        context.route("**/*", route)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" and not block else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        parameters = "&".join(f"{k}={v}" for k, v in {"show": component, **query}.items())
        page.goto(f"{site}/?{parameters}")
        page.wait_for_selector(".root[data-ready]", timeout=30_000)
        page.get_by_text("called=").wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def told() -> Callable[..., Any]:
    """What the page was told, read off the page: `told(page, "result")`; `until` waits for it to hold."""

    def read(page: Any, name: str, until: Callable[[Any], bool] = lambda _: True) -> Any:
        deadline = time.monotonic() + 15
        while True:
            value = json.loads(page.get_by_text(f"{name}=").inner_text().removeprefix(f"{name}="))
            if until(value):
                return value
            assert time.monotonic() < deadline, f"{name} stayed {value}"
            page.wait_for_timeout(30)

    return read

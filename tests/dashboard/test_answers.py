"""Systems and people outside answer by signed addresses, without the service's token."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.api import create_api
from dashboard.guard import Guard
from dashboard.runtime import Runtime
from home.registry import Registry
from home.settings import Configuration, Settings
from orchestrate.awaiting.acknowledge import link
from orchestrate.awaiting.callbacks import callback_url
from orchestrate.connectors.notify import sent
from orchestrate.connectors.port import Work
from orchestrate.contracts import Step

WAITING = {"open": {"a": {"visit": 1, "attempt": 1, "phase": "accepted"}}, "status": "open"}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = Settings(home=tmp_path / "home", public_url="http://testserver")
    made = Runtime(Configuration(settings, {}), Registry(()))
    made.context().state.execute(
        "insert into run(id, plan, version, state, started, head) values ('r', 'p', 1, :state, 0, 0)",
        {"state": json.dumps(WAITING)},
    )
    yield made
    made.stores.close()


class Asking:
    """Sends requests to the API behind its guard, in this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._app = Guard(create_api(runtime, "token"), ("testserver",))

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())


@pytest.fixture
def ask(runtime: Runtime) -> Asking:
    return Asking(runtime)


def attempt() -> Work:
    step = Step(id="a", name="Tell <all>")
    return Work(
        step=step, settings={}, input={}, key="r:a:1", timeout_s=1, run="r", node="a", visit=1, plan="p@1"
    )


def posted(runtime: Runtime) -> list[str]:
    return [row["kind"] for row in runtime.context().state.rows("select kind from inbox order by seq")]


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver/api")


def test_a_result_is_taken_once(runtime: Runtime, ask: Asking) -> None:
    path = path_of(callback_url(runtime.context(), attempt()))
    assert ask("POST", "/callbacks/guessed", json={}).status_code == 401
    assert ask("POST", path, content=b"[1]").status_code == 409
    assert ask("POST", path, content=b"x" * (5 * 2**20)).status_code == 413
    assert ask("POST", path, json={"ok": True}).status_code == 202
    again = ask("POST", path, json={"ok": True})
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "too_late"
    assert posted(runtime) == ["succeeded"]


def test_looking_at_a_link_changes_nothing_and_pressing_the_button_does(
    runtime: Runtime, ask: Asking
) -> None:
    context = runtime.context()
    sent.begin(context.state, attempt(), ["E-Mail"], 0.0)
    path = path_of(link(context, attempt()))
    for _ in range(2):
        page = ask("GET", path)
        assert page.status_code == 200
        assert "Tell &lt;all&gt;" in page.text and "<form method=post>" in page.text
    assert posted(runtime) == []
    assert ask("POST", path, headers={"origin": "http://evil.example"}).status_code == 403
    assert "Thank you" in ask("POST", path, headers={"origin": "http://testserver"}).text
    assert posted(runtime) == ["succeeded"]
    assert "<form" not in ask("GET", path).text
    assert ask("GET", "/acknowledge/guessed").status_code == 404

"""`POST /api/hooks/NAME` as a sender meets it: no token but a signature, and a host that is known."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.api import create_api
from dashboard.guard import Guard
from dashboard.runtime import Runtime
from home.registry import load
from home.settings import Configuration, Settings
from orchestrate.contracts import Owner, Plan, Step
from orchestrate.plans.versions import Verdict, add_version
from orchestrate.triggers.webhook import new_secret

SECRET = new_secret()
BODY = json.dumps({"id": "C-1"})


class Sender:
    """Asks the API as somebody outside would, without a network between."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def post(self, path: str, **more: Any) -> httpx.Response:
        """The answer to a POST."""
        return self._ask("POST", path, **more)

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            over = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=over, base_url="http://hooks.example.org") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@pytest.fixture
def sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    """A client of the API of a home with a webhook called shop."""
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    runtime = Runtime(Configuration(Settings(home=tmp_path / "home"), {}), load())
    plan = Plan(name="notes", owner=Owner(name="ada"), body=Step(id="look", name="Look", role="clerk"))
    with runtime.stores.state.transaction() as connection:
        add_version(connection, plan, Verdict("pass"), at=datetime.now(UTC), by="ada")
    runtime.run("trigger add", name="shop", plan="notes", webhook=True, secret=("env:SHOP_SECRET",))
    yield Sender(Guard(create_api(runtime, "token"), ("hooks.example.org",)))
    runtime.close()


def signed(id: str = "msg_1", body: str = BODY) -> dict[str, str]:
    from standardwebhooks.webhooks import Webhook

    at = datetime.now(UTC)
    signature = Webhook(SECRET).sign(id, at, body)
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def test_a_signature_is_enough(sender: Sender) -> None:
    began = time.monotonic()
    first = sender.post("/hooks/shop", content=BODY, headers=signed())
    assert time.monotonic() - began < 5
    assert first.status_code == 202
    assert first.json()["outcome"] == "started"
    assert sender.post("/hooks/shop", content=BODY, headers=signed()).json() == first.json()


def test_without_one_there_is_nothing_to_learn(sender: Sender) -> None:
    answers = [sender.post(f"/hooks/{name}", content=BODY) for name in ("shop", "nobody", "%2e%2e%2fshop")]
    token = {"authorization": "Bearer token"}
    answers.append(sender.post("/hooks/shop", content=BODY, headers=token))
    assert {(a.status_code, a.text) for a in answers if a.status_code != 404} == {(401, answers[0].text)}
    assert sender.get("/hooks/shop").status_code == 405


def test_pages_of_other_sites_and_other_hosts_are_turned_away(sender: Sender) -> None:
    for header in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        assert sender.post("/hooks/shop", content=BODY, headers=signed() | header).status_code == 403


def test_a_body_without_end_is_not_read_to_it(sender: Sender) -> None:
    read = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(40):
            read += 1
            yield b"x" * 100_000

    assert sender.post("/hooks/shop", content=parts(), headers=signed()).status_code == 413
    assert read < 40


def test_a_paused_trigger_is_asked_again_later(sender: Sender) -> None:
    token = {"authorization": "Bearer token"}
    assert sender.post("/trigger/pause", json={"name": "shop"}, headers=token).status_code == 200
    answer = sender.post("/hooks/shop", content=BODY, headers=signed("msg_2"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert sender.post("/trigger/list", json={}).status_code == 401

"""Who a request is from: every way to sign in, each secret by reference and in no message."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from home.context import Context
from orchestrate.connectors.http.connector import HttpConnector
from orchestrate.connectors.http.options import HttpOptions
from orchestrate.connectors.options import BadSettings, read_options
from orchestrate.connectors.port import CallFailed

from .attempts import call, work

SECRET = "pa ss&wörd=1"


@pytest.fixture
def connector(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch, service: Any
) -> HttpConnector:
    monkeypatch.setenv("PAIR", "ada:s3cret:x")
    monkeypatch.setenv("KEY", "k-123")
    monkeypatch.setenv("CLIENT", SECRET)
    service.seen.clear()
    return HttpConnector(make_context())


def sent(service: Any, path: str) -> list[dict[str, Any]]:
    return [seen for seen in service.seen if seen["path"] == path]


def test_basic_and_api_key(connector: HttpConnector, service: Any) -> None:
    call(connector, work(url=f"{service.url}/a", basic="env:PAIR"))
    call(connector, work(url=f"{service.url}/a", api_key="env:KEY", api_key_header="X-Team-Key"))
    first, second = (seen["headers"] for seen in sent(service, "/a"))
    assert base64.b64decode(first["authorization"].removeprefix("Basic ")) == b"ada:s3cret:x"
    assert second["x-team-key"] == "k-123"


def oauth(service: Any, **more: Any) -> dict[str, Any]:
    own = {
        "token_url": f"{service.url}/token",
        "client_id": "baton",
        "client_secret": "env:CLIENT",
        "scope": "pay",
    }
    return {"url": f"{service.url}/a", "oauth": own | more}


def test_a_token_is_fetched_once_and_kept(connector: HttpConnector, service: Any) -> None:
    service.answers["/token"] = (200, {"access_token": "t-1", "token_type": "Bearer", "expires_in": 3600})
    for _ in range(3):
        call(connector, work(**oauth(service)))
    (asked,) = sent(service, "/token")
    assert asked["body"] == "grant_type=client_credentials&scope=pay"
    pair = base64.b64decode(asked["headers"]["authorization"].removeprefix("Basic ")).decode()
    assert pair == "baton:pa+ss%26w%C3%B6rd%3D1"
    assert {seen["headers"]["authorization"] for seen in sent(service, "/a")} == {"Bearer t-1"}


def test_a_token_that_is_about_to_end_or_was_refused_is_renewed(
    connector: HttpConnector, service: Any
) -> None:
    service.answers["/token"] = (200, {"access_token": "t-2", "expires_in": 5})
    for _ in range(2):
        call(connector, work(**oauth(service, scope="short")))
    assert len(sent(service, "/token")) == 2
    service.answers["/token"] = (200, {"access_token": "t-3", "expires_in": 3600})
    service.answers["/refuses"] = (401, {})
    with pytest.raises(CallFailed, match="answered 401") as failed:
        call(connector, work(**oauth(service) | {"url": f"{service.url}/refuses"}))
    assert not failed.value.can_retry
    assert len(sent(service, "/refuses")) == 2
    assert len(sent(service, "/token")) == 4


@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [
        (503, {}, True),
        (400, {"error": "invalid_client", "said": SECRET}, False),
        (200, {}, False),
        (200, ["t"], False),
        (200, {"access_token": "t\r\nX-Evil: 1"}, False),
        (200, {"access_token": "t", "token_type": "mac"}, False),
    ],
)
def test_a_token_server_that_gives_no_token_is_said_without_its_secret(
    connector: HttpConnector, service: Any, status: int, body: Any, retryable: bool
) -> None:
    service.answers["/token"] = (status, body)
    with pytest.raises(CallFailed) as failed:
        call(connector, work(**oauth(service)))
    assert failed.value.can_retry is retryable
    assert SECRET not in failed.value.message
    assert sent(service, "/a") == []


def test_what_a_service_repeats_of_a_secret_is_blotted_out(connector: HttpConnector, service: Any) -> None:
    with pytest.raises(CallFailed, match=r"answered 401: Basic \*\*\*"):
        call(connector, work(url=f"{service.url}/repeat", basic="env:PAIR"))


@pytest.mark.parametrize(
    "given",
    [
        {"url": "ftp://x"},
        {"url": "https://u:hunter2@example.org/"},
        {"url": "https://{host}/x"},
        {"url": "https://a.example", "bearer": "hunter2"},
        {"url": "https://a.example", "basic": "env:A", "bearer": "env:B"},
        {
            "url": "https://a.example",
            "oauth": {"token_url": "https://t", "client_id": "x", "client_secret": "hunter2"},
        },
        {"url": "https://a.example", "headers": {"X\r\nY": "z"}},
        {"url": "https://a.example", "method": "BREW"},
        {"url": "https://a.example", "operation": "x"},
        {},
    ],
)
def test_what_could_not_be_sent_safely_is_refused_when_it_is_bound(given: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as refused:
        read_options("http", HttpOptions, given)
    assert "hunter2" not in refused.value.message + refused.value.hint

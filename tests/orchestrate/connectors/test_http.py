"""HTTP steps: what is sent, as whom, where it may go, and what comes of each answer."""

import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from home.context import Context
from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.http.connector import HttpConnector
from orchestrate.connectors.port import CallFailed, Work

from .attempts import call, work

Make = Callable[..., Context]


def test_http_sends_input_key_and_a_token_that_is_only_a_reference(
    make_context: Make, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAY_TOKEN", "s3cret")
    options = {"url": f"{service.url}/pay/{{name}}", "bearer": "env:PAY_TOKEN", "headers": {"x-team": "a"}}
    given = {"name": "../admin?x=1", "amount": 5}
    output = call(HttpConnector(make_context()), work("r:pay:1", given, **options))
    seen = service.seen[-1]
    assert seen["path"] == "/pay/..%2Fadmin%3Fx%3D1"
    headers = seen["headers"]
    assert headers["idempotency-key"] == "r:pay:1"
    assert (headers["authorization"], headers["x-team"]) == ("Bearer s3cret", "a")
    assert headers["host"] == f"127.0.0.1:{service.server_port}"
    assert output["echo"] == given


def test_http_get_sends_the_input_as_a_query(make_context: Make, service: Any) -> None:
    call(HttpConnector(make_context()), work(url=f"{service.url}/look", method="get"))
    assert service.seen[-1]["path"] == "/look?amount=5"


@pytest.mark.parametrize(
    ("path", "retryable", "said"),
    [
        ("status/503", True, "answered 503: no luck"),
        ("status/429", True, "answered 429"),
        ("status/404", False, "answered 404"),
        ("huge", False, "more than"),
        ("text", False, "not JSON"),
    ],
)
def test_http_says_what_was_answered_and_whether_again_can_help(
    make_context: Make, service: Any, path: str, retryable: bool, said: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(make_context()), work(url=f"{service.url}/{path}"))
    assert said in failed.value.message
    assert failed.value.can_retry is retryable


def test_http_answers_that_are_no_object_become_a_result(make_context: Make, service: Any) -> None:
    assert call(HttpConnector(make_context()), work(url=f"{service.url}/list")) == {"result": [1, 2]}


def test_http_gives_up_at_its_deadline(make_context: Make, service: Any) -> None:
    hanging = work(url=f"{service.url}/hang")
    hanging = Work(hanging.step, hanging.settings, hanging.input, hanging.key, timeout_s=0.1)
    with pytest.raises(CallFailed, match="did not answer in time"):
        call(HttpConnector(make_context()), hanging)


def test_a_secret_that_is_not_there_fails_without_naming_a_value(make_context: Make, service: Any) -> None:
    with pytest.raises(CallFailed, match="'NO_SUCH_TOKEN' is not set"):
        call(HttpConnector(make_context()), work(url=service.url, bearer="env:NO_SUCH_TOKEN"))
    with pytest.raises(CallFailed, match="given by reference") as failed:
        call(HttpConnector(make_context()), work(url=service.url, bearer="s3cret"))
    assert "s3cret" not in failed.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://10.0.0.7/",
        "http://169.254.169.254/latest/meta-data",
        "http://[64:ff9b::7f00:1]/",
    ],
)
def test_http_does_not_reach_into_the_private_network(make_context: Make, service: Any, url: str) -> None:
    before = len(service.seen)
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(make_context(http_allow=())), work(url=url.format(port=service.server_port)))
    assert len(service.seen) == before
    assert "private or local" in failed.value.message or "resolved" in failed.value.message


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/", "nonsense"]
)
def test_http_speaks_plain_http_only(make_context: Make, url: str) -> None:
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(make_context()), work(url=url))
    assert not failed.value.can_retry


def test_every_redirect_is_checked_again_and_credentials_stay_at_home(
    make_context: Make, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAY_TOKEN", "s3cret")
    connector = HttpConnector(make_context())
    service.targets |= {"near": "/approve", "private": "http://10.0.0.7/", "round": "/to/round"}
    service.targets["elsewhere"] = f"http://localhost:{service.server_port}/approve"
    options = {"bearer": "env:PAY_TOKEN"}
    call(connector, work(url=f"{service.url}/to/near", **options))
    assert service.seen[-1]["path"] == "/approve"
    assert json.loads(service.seen[-1]["body"]) == {"amount": 5}
    assert "authorization" in service.seen[-1]["headers"]
    with pytest.raises(CallFailed, match="private or local"):
        call(connector, work(url=f"{service.url}/to/private", **options))
    with pytest.raises(CallFailed, match="redirects more than"):
        call(connector, work(url=f"{service.url}/to/round", **options))
    both = HttpConnector(make_context(http_allow=("127.0.0.1", "localhost")))
    call(both, work(url=f"{service.url}/to/elsewhere", **options))
    headers = service.seen[-1]["headers"]
    assert "authorization" not in headers
    assert headers["idempotency-key"] == "r:a:1"


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_the_one_reached(
    make_context: Make, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers publicly when it is checked and privately when it is used gets nowhere."""
    asked: list[str] = []

    async def resolve(self: Addresses, host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1"

    monkeypatch.setattr(Addresses, "resolve", resolve)
    url = f"http://rebinding.example:{service.server_port}/approve"
    call(HttpConnector(make_context(http_allow=())), work(url=url))
    assert asked == ["rebinding.example"]
    headers = service.seen[-1]["headers"]
    assert headers["host"] == f"rebinding.example:{service.server_port}"


def test_private_addresses_are_reached_only_where_the_settings_name_them() -> None:
    addresses = Addresses(("10.1.0.0/16", "intranet.example", "db.example:8080", "fd00::/8"))
    may = [
        ("x.example", 443, "93.184.216.34", True),
        ("x.example", 443, "10.1.2.3", True),
        ("x.example", 443, "10.2.2.3", False),
        ("intranet.example", 80, "192.168.0.9", True),
        ("db.example", 8080, "192.168.0.9", True),
        ("db.example", 80, "192.168.0.9", False),
        ("x.example", 80, "fd12::1", True),
        ("x.example", 80, "fe80::1", False),
        ("x.example", 80, "::ffff:10.1.2.3", True),
        ("x.example", 80, "224.0.0.1", False),
        ("x.example", 80, "100.64.0.1", False),
    ]
    for host, port, address, expected in may:
        assert addresses.may_reach(host, port, ip_address(address)) is expected, address

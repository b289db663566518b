"""Every connector keeps one contract, against a stub service on this machine."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from home.settings import Settings
from orchestrate.connectors.addresses import Addresses
from orchestrate.connectors.http import HttpConnector
from orchestrate.connectors.port import CallFailed, Later, Work
from orchestrate.connectors.registry import installed, open_connectors
from orchestrate.contracts import Observed, Step
from orchestrate.plan_index import breach

MODULE = __name__


class Service(BaseHTTPRequestHandler):
    """Echoes what it was sent; some paths misbehave."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode()
        self.server.seen.append({"path": self.path, "headers": dict(self.headers), "body": body})  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        if path == "/hang":
            self.server.gate.wait(5)  # type: ignore[attr-defined]
        if path.startswith("/status/"):
            self.answer(int(path.rpartition("/")[2]), b"no luck")
        elif path.startswith("/to/"):
            self.answer(307, b"", location=self.server.targets[path[4:]])  # type: ignore[attr-defined]
        elif path == "/huge":
            self.answer(200, b'"' + b"x" * (11 * 2**20) + b'"')
        elif path == "/text":
            self.answer(200, b"<html>")
        elif path == "/list":
            self.answer(200, b"[1, 2]")
        else:
            self.answer(200, json.dumps({"echo": json.loads(body or "{}"), "approved": True}).encode())

    do_GET = do_POST

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


class Server(ThreadingHTTPServer):
    """Takes many callers at once; the default of five in its queue resets the others."""

    request_queue_size = 128


@pytest.fixture(scope="module")
def service() -> Iterator[Any]:
    server: Any = Server(("127.0.0.1", 0), Service)
    server.seen, server.targets, server.gate = [], {}, threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


def settings(**fields: Any) -> Settings:
    return Settings(http_allow=("127.0.0.1",), python_allow=(f"{MODULE}:*",), **fields)


CONTRACT = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
}


def work(key: str = "r:a:1", given: dict[str, Any] | None = None, **options: Any) -> Work:
    seen = Observed(n=10, outputs={"approved": {"true": 1.0}})
    step = Step(id="a", name="A", does="service", output=CONTRACT, observed=seen)
    return Work(
        step=step, settings=options, input={"amount": 5} if given is None else given, key=key, timeout_s=5
    )


def call(connector: Any, given: Work) -> Any:
    return asyncio.run(connector.call(given))


def approve(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {"approved": True, "echo": data, "key": key}


async def approve_soon(data: dict[str, Any]) -> dict[str, Any]:
    return {"approved": True}


def wrong(data: dict[str, Any]) -> int:
    return 7


BOUND: dict[str, Callable[[Any], dict[str, Any]]] = {
    "http": lambda service: {"url": f"{service.url}/approve"},
    "python": lambda service: {"function": f"{MODULE}:approve"},
    "sandbox": lambda service: {},
}


def test_every_connector_that_is_installed_is_tested_here_or_is_a_person() -> None:
    assert {"http", "python", "sandbox", "human", "manual"} <= set(installed())
    own = {n for n, e in installed().items() if e.value.startswith("orchestrate.")}
    assert own - {"human", "manual"} == set(BOUND)


@pytest.mark.parametrize("name", sorted(BOUND))
def test_a_connector_gives_an_output_that_fits_the_step(name: str, service: Any) -> None:
    connector = open_connectors(settings())[name]
    assert connector.summary.endswith(".")
    assert all(isinstance(meaning, str) for meaning in connector.options.values())
    output = call(connector, work(**BOUND[name](service)))
    assert not isinstance(output, Later)
    assert breach(CONTRACT, output) is None
    json.dumps(dict(output))


@pytest.mark.parametrize("name", sorted(BOUND))
def test_a_connector_serves_many_runs_at_once(name: str, service: Any) -> None:
    connector = open_connectors(settings())[name]

    async def all_of_them() -> list[Any]:
        calls = [connector.call(work(f"r{n}:a:1", **BOUND[name](service))) for n in range(20)]
        return await asyncio.gather(*calls)

    assert len(asyncio.run(all_of_them())) == 20


@pytest.mark.parametrize("name", ["http", "python"])
def test_a_binding_without_settings_fails_for_good(name: str) -> None:
    with pytest.raises(CallFailed) as failed:
        call(open_connectors(settings())[name], work())
    assert not failed.value.can_retry


@pytest.mark.parametrize("name", ["human", "manual"])
def test_people_are_never_called(name: str) -> None:
    with pytest.raises(CallFailed, match="done by a person"):
        call(open_connectors(settings())[name], work())


def test_the_sandbox_gives_the_same_key_the_same_answer() -> None:
    connector = open_connectors(settings())["sandbox"]
    assert call(connector, work("k1")) == call(connector, work("k1"))


def test_http_sends_input_key_and_a_token_that_is_only_a_reference(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAY_TOKEN", "s3cret")
    options = {"url": f"{service.url}/pay/{{name}}", "bearer": "env:PAY_TOKEN", "headers": {"x-team": "a"}}
    given = {"name": "../admin?x=1", "amount": 5}
    output = call(HttpConnector(settings()), work("r:pay:1", given, **options))
    seen = service.seen[-1]
    assert seen["path"] == "/pay/..%2Fadmin%3Fx%3D1"
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["idempotency-key"] == "r:pay:1"
    assert (headers["authorization"], headers["x-team"]) == ("Bearer s3cret", "a")
    assert headers["host"] == f"127.0.0.1:{service.server_port}"
    assert output["echo"] == given


def test_http_get_sends_the_input_as_a_query(service: Any) -> None:
    call(HttpConnector(settings()), work(url=f"{service.url}/look", method="get"))
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
    service: Any, path: str, retryable: bool, said: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(settings()), work(url=f"{service.url}/{path}"))
    assert said in failed.value.message
    assert failed.value.can_retry is retryable


def test_http_answers_that_are_no_object_become_a_result(service: Any) -> None:
    assert call(HttpConnector(settings()), work(url=f"{service.url}/list")) == {"result": [1, 2]}


def test_http_gives_up_at_its_deadline(service: Any) -> None:
    hanging = work(url=f"{service.url}/hang")
    hanging = Work(hanging.step, hanging.settings, hanging.input, hanging.key, timeout_s=0.1)
    with pytest.raises(CallFailed, match="did not answer in time"):
        call(HttpConnector(settings()), hanging)


def test_a_secret_that_is_not_there_fails_without_naming_a_value(service: Any) -> None:
    with pytest.raises(CallFailed, match="'NO_SUCH_TOKEN' is not set"):
        call(HttpConnector(settings()), work(url=service.url, bearer="env:NO_SUCH_TOKEN"))
    with pytest.raises(CallFailed, match="given by reference") as failed:
        call(HttpConnector(settings()), work(url=service.url, bearer="s3cret"))
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
def test_http_does_not_reach_into_the_private_network(service: Any, url: str) -> None:
    before = len(service.seen)
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(Settings()), work(url=url.format(port=service.server_port)))
    assert len(service.seen) == before
    assert "private or local" in failed.value.message or "resolved" in failed.value.message


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://u:p@127.0.0.1/", "nonsense"]
)
def test_http_speaks_plain_http_only(url: str) -> None:
    with pytest.raises(CallFailed) as failed:
        call(HttpConnector(settings()), work(url=url))
    assert not failed.value.can_retry


def test_every_redirect_is_checked_again_and_credentials_stay_at_home(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAY_TOKEN", "s3cret")
    connector = HttpConnector(settings())
    service.targets |= {"near": "/approve", "private": "http://10.0.0.7/", "round": "/to/round"}
    service.targets["elsewhere"] = f"http://localhost:{service.server_port}/approve"
    options = {"bearer": "env:PAY_TOKEN"}
    call(connector, work(url=f"{service.url}/to/near", **options))
    assert service.seen[-1]["path"] == "/approve"
    assert json.loads(service.seen[-1]["body"]) == {"amount": 5}
    assert "authorization" in map(str.lower, service.seen[-1]["headers"])
    with pytest.raises(CallFailed, match="private or local"):
        call(connector, work(url=f"{service.url}/to/private", **options))
    with pytest.raises(CallFailed, match="redirects more than"):
        call(connector, work(url=f"{service.url}/to/round", **options))
    both = HttpConnector(Settings(http_allow=("127.0.0.1", "localhost")))
    call(both, work(url=f"{service.url}/to/elsewhere", **options))
    headers = {name.lower(): value for name, value in service.seen[-1]["headers"].items()}
    assert "authorization" not in headers
    assert headers["idempotency-key"] == "r:a:1"


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_the_one_reached(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers publicly when it is checked and privately when it is used gets nowhere."""
    asked: list[str] = []

    async def resolve(self: Addresses, host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1"

    monkeypatch.setattr(Addresses, "resolve", resolve)
    url = f"http://rebinding.example:{service.server_port}/approve"
    call(HttpConnector(Settings()), work(url=url))
    assert asked == ["rebinding.example"]
    headers = {name.lower(): value for name, value in service.seen[-1]["headers"].items()}
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


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("os:system", "is not allowed by the setting python_allow"),
        (f"{MODULE}:absent", "there is no function"),
        (f"{MODULE}:wrong", "returned int, not a dictionary"),
    ],
)
def test_python_calls_only_what_is_allowed_and_there(function: str, said: str) -> None:
    with pytest.raises(CallFailed, match=said) as failed:
        call(open_connectors(settings())["python"], work(function=function))
    assert not failed.value.can_retry


def test_python_passes_the_key_to_who_takes_it_and_awaits_coroutines() -> None:
    connector = open_connectors(settings())["python"]
    assert call(connector, work("r:a:9", function=f"{MODULE}:approve"))["key"] == "r:a:9"
    assert call(connector, work(function=f"{MODULE}:approve_soon")) == {"approved": True}

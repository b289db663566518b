"""The stubs do what their pages rely on: work once per key, trouble as often as declared, and a log of it."""

import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stubs import Stub, main
from tests.conftest import ROOT, hears_ctrl_c


@pytest.fixture
def stub() -> Iterator[Stub]:
    found = Stub("invoice-approval")
    threading.Thread(target=found.serve, daemon=True).start()
    yield found
    found.close()


def ask(stub: Stub, path: str, invoice: str, key: str) -> Any:
    data = json.dumps({"data": {"invoice": invoice}}).encode()
    asked = urllib.request.Request(f"{stub.url}{path}", data, {"Idempotency-Key": key})  # noqa: S310
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code


def test_work_is_done_once_per_key_and_trouble_comes_as_often_as_declared(stub: Stub) -> None:
    said = [ask(stub, "/bookings", "INV-5", key) for key in ("a", "a", "a", "a", "b")]
    assert said == [503, 503, *[{"booking": "B-INV-5"}] * 3]
    ends = [call.removeprefix("POST /bookings INV-5 ") for call in stub.calls]
    assert ends == ["503 a", "503 a", "200 a", "200 again a", "200 b"]
    assert ask(stub, "/nowhere", "INV-5", "c") == 404
    with urllib.request.urlopen(f"{stub.url}/calls?INV-5&503") as found:  # noqa: S310
        assert found.read().decode().splitlines() == stub.calls[:2]


def test_a_mended_service_answers_the_same_key_well(stub: Stub) -> None:
    said = [ask(stub, "/matches", "INV-6", "a")["ordered"] for _ in range(4)]
    assert said == ["unknown"] * 3 + [4800]


def test_a_port_that_is_taken_is_said_in_one_line(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    port = stub.url.rpartition(":")[2]
    with pytest.raises(SystemExit):
        main(["invoice-approval", "--port", port])
    assert f"cannot serve at port {port}: Address already in use" in capsys.readouterr().err


def test_the_command_says_where_it_is_and_ends_with_ctrl_c() -> None:
    command = [sys.executable, "-m", "examples.stubs", "invoice-approval", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Stubs of invoice-approval at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

"""Logs: what was being done is in every line, and no planted secret is."""

import io
import json
import logging
from typing import Any

import pytest

from home.log import HIDDEN, JsonFormatter, redact, redacted
from home.telemetry import doing

PLANTED = "hunter2-Xy/9+z="
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def line(message: str, *arguments: object, error: Exception | None = None, **extra: Any) -> dict[str, Any]:
    """What a log writes of one record."""
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("baton.engine", logging.WARNING, "x.py", 1, message, arguments, info)
    record.__dict__.update(extra)
    found: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://baton:{PLANTED.replace('/', '')}@db/baton",
        f"amqp://:{PLANTED.replace('/', '')}@broker:5672/",
        f"Authorization: Bearer {PLANTED}",
        f"'authorization': 'Basic {PLANTED}'",
        f"{{'Authorization': '{PLANTED} and more'}}",
        f"Set-Cookie: session={PLANTED}; Path=/",
        f"GET https://api.example.org/v1?api_key={PLANTED}&page=2",
        f"https://hooks.example.org/x?access_token={PLANTED}",
        f'{{"password": "{PLANTED} with blanks", "user": "ada"}}',
        f"{{'client_secret': '{PLANTED}', 'scope': 'read'}}",
        f"Settings(smtp_password='{PLANTED}')",
        f"X-Api-Key: {PLANTED}",
        f"BATON_MASK_TOKEN={PLANTED}",
        f"secret = {PLANTED}",
        f'"private_key": "{PLANTED}"',
    ],
)
def test_a_planted_secret_is_never_written(text: str) -> None:
    secret = PLANTED if PLANTED in text else PLANTED.replace("/", "")
    assert secret in text
    assert secret not in redact(text) and HIDDEN in redact(text)
    assert secret not in json.dumps(line("it said %s", text))
    assert secret not in json.dumps(line("failed", error=ValueError(text)))
    assert secret not in json.dumps(line("failed", task=text))


def test_data_fields_named_like_secrets_lose_their_values() -> None:
    data = {
        "order": 7,
        "customer": {"name": "Ada", "password": PLANTED, "apiKey": PLANTED},
        "headers": [{"Authorization": f"Digest {PLANTED}"}],
        "token": [PLANTED, PLANTED],
        "url": f"https://ada:{PLANTED.replace('/', '')}@example.org",
    }
    found = redacted(data)
    assert "hunter2" not in json.dumps(found)
    assert (found["order"], found["customer"]["name"]) == (7, "Ada")


@pytest.mark.parametrize(
    "text",
    ["password=env:DB_PASSWORD", "token: file:/run/secrets/token", "the tokenizer: fast", "3 tokens: a, b"],
)
def test_references_and_plain_words_stay(text: str) -> None:
    assert redact(text) == text
    assert redacted({"bearer": "env:TOKEN", "tokens": 3}) == {"bearer": "env:TOKEN", "tokens": 3}


def test_every_line_says_what_was_being_done() -> None:
    with doing(run="run-1", step="ship", attempt=2, trace=TRACE):
        found = line("slow", worker="w1")
        with doing(step="bill"):
            inner = line("slower", run="run-2")
    assert (found["run"], found["step"], found["attempt"], found["worker"]) == ("run-1", "ship", 2, "w1")
    assert (found["trace_id"], found["span_id"]) == (TRACE.split("-")[1], TRACE.split("-")[2])
    assert (inner["run"], inner["step"], inner["attempt"]) == ("run-2", "bill", 2)
    assert "run" not in line("idle") and "trace_id" not in line("idle")


def test_the_level_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    from home.log import log_to_stderr

    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", written)
    try:
        log_to_stderr("warning")
        logging.getLogger("baton.engine").info("not this")
        logging.getLogger("baton.engine").warning("but this")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert [json.loads(each)["message"] for each in written.getvalue().splitlines()] == ["but this"]

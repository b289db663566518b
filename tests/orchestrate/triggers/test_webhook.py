"""Webhooks: signed, at the right time, each id once; and no word to strangers."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from home.errors import SettingError, UsageError
from orchestrate.triggers.fire import Starter
from orchestrate.triggers.manage import NamedTrigger, pause_trigger
from orchestrate.triggers.webhook import MOST_BODY, Answer, new_secret, receive
from tests.orchestrate.triggers.conftest import Desk, Sign

OLD, NEW, OTHERS = new_secret(), new_secret(), new_secret()
BODY = json.dumps({"id": "C-7", "total": 12.5, "lines": [{"sku": "a"}]})


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, str]:
    """References to two secrets."""
    monkeypatch.setenv("SHOP_SECRET", NEW)
    file = tmp_path / "old"
    file.write_text(OLD + "\n")
    return "env:SHOP_SECRET", f"file:{file}"


def shop(desk: Desk, secrets: tuple[str, ...], **more: Any) -> Starter:
    """A trigger called shop, and what its requests are given to."""
    asked: dict[str, Any] = {"set": ("amount=data.total", "order=data.id"), "key": "data.id"} | more
    desk.add("shop", "orders", webhook=True, secret=secrets, **asked)
    return Starter(desk.state, desk.clock)


def test_a_signed_request_starts_a_run_and_each_secret_may_sign(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    desk = sqlite_desk
    starter = shop(desk, secrets)
    answer = receive(starter, "shop", sign(NEW, BODY), BODY.encode())
    assert (answer.status, answer.body["outcome"]) == (202, "started")
    (run,) = desk.runs()
    assert run["data"] == {"amount": 12.5, "order": "C-7"}
    assert (run["id"], run["key"], run["started_by"]) == (answer.body["run"], "C-7", "trigger:shop")
    again = receive(starter, "shop", sign(OLD, BODY, "msg_2"), BODY.encode())
    assert (again.status, again.body["outcome"], again.body["run"]) == (202, "known", run["id"])
    row = desk.show("shop").trigger
    assert (row.started, row.known) == (1, 1)


def test_a_thousand_duplicates_get_one_run_and_one_answer(
    desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    shop(desk, secrets, key=None)
    headers, starters = sign(NEW, BODY), [Starter(desk.state, desk.clock) for _ in range(4)]  # four services

    def send(number: int) -> Answer:
        return receive(starters[number % 4], "shop", headers, BODY.encode())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(1000)))
    assert {json.dumps([a.status, a.body]) for a in answers} == {json.dumps([202, answers[0].body])}
    assert [run["id"] for run in desk.runs()] == [answers[0].body["run"]]
    assert len(desk.audited("start")) == 1


def test_what_is_not_signed_right_learns_nothing(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    desk = sqlite_desk
    starter, now, good = shop(desk, secrets), desk.clock.now(), sign(NEW, BODY)
    late = timedelta(minutes=5, seconds=1)
    forged: list[tuple[str, dict[str, str], str]] = [
        ("shop", {}, BODY),
        ("shop", {**good, "webhook-signature": ""}, BODY),
        ("shop", {**good, "webhook-signature": "v1,"}, BODY),
        ("shop", {**good, "webhook-signature": "v2" + good["webhook-signature"][2:]}, BODY),
        ("shop", {**good, "webhook-id": "msg_2"}, BODY),
        ("shop", {**good, "webhook-timestamp": str(int(now.timestamp()) + 1)}, BODY),
        ("shop", {**good, "webhook-timestamp": "soon"}, BODY),
        ("shop", {**good, "webhook-timestamp": "9" * 30}, BODY),
        ("shop", good, BODY + " "),
        ("shop", good, "\udcff"),
        ("shop", sign(OTHERS, BODY), BODY),
        ("shop", sign(NEW, BODY, at=now - late), BODY),
        ("shop", sign(NEW, BODY, at=now + late), BODY),
        ("nobody", good, BODY),
        ("../shop", good, BODY),
        ("shop\0", good, BODY),
    ]
    answers = [receive(starter, name, h, body.encode(errors="surrogateescape")) for name, h, body in forged]
    assert {json.dumps([a.status, a.body]) for a in answers} == {
        json.dumps([401, {"error": {"code": "unauthorised", "message": "This is not signed as it must be."}}])
    }
    assert desk.runs() == []
    assert desk.show("shop").trigger.failures == 0
    several = {**good, "webhook-signature": f"v1,AAAA {good['webhook-signature']}"}
    assert receive(starter, "shop", several, BODY.encode()).status == 202


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        ("{", "application/json", 422, "no JSON"),
        ("[" * 100_000, "application/json", 422, "no JSON"),
        ('{"total": NaN, "id": "1"}', "application/json", 422, "NaN"),
        ('{"total": 1e999, "id": "1"}', "application/json", 422, "too large"),
        ('{"id": "1"}', "application/json", 422, "total"),
        ('{"total": "many", "id": "1"}', "application/json", 422, "amount"),
        ('{"total": 1, "id": ""}', "application/json", 422, "no text and no number"),
        (BODY, "text/plain", 415, "application/json"),
        ("x" * (MOST_BODY + 1), "application/json", 413, "bytes"),
    ],
)
def test_what_is_signed_learns_what_is_wrong(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str], body: str, kind: str, status: int, said: str
) -> None:
    starter = shop(sqlite_desk, secrets)
    answer = receive(starter, "shop", sign(NEW, body, type=kind), body.encode())
    assert answer.status == status
    assert said in answer.body["error"]["message"]
    assert sqlite_desk.runs() == []


def test_what_was_refused_may_be_sent_again_when_the_trigger_was_mended(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    desk, headers = sqlite_desk, sign(NEW, BODY)
    starter = shop(desk, secrets, set=("amount=data.sum",))
    for _ in range(5):
        assert receive(starter, "shop", headers, BODY.encode()).status == 422
    assert desk.show("shop").trigger.state == "failing"
    desk.add("shop", "orders", webhook=True, secret=secrets, set=("amount=data.total",), replace=True)
    assert receive(starter, "shop", headers, BODY.encode()).status == 202
    assert [o.outcome for o in desk.show("shop").occurrences] == ["started"]


def test_a_paused_trigger_asks_to_be_asked_later(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    desk, headers = sqlite_desk, sign(NEW, BODY)
    starter = shop(desk, secrets)
    pause_trigger(desk.context, NamedTrigger(name="shop"))
    answer = receive(starter, "shop", headers, BODY.encode())
    assert (answer.status, answer.retry_s) == (503, 60)
    assert receive(starter, "shop", {}, BODY.encode()).status == 401
    assert desk.runs() == []


def test_a_secret_that_cannot_be_had_is_no_fault_of_the_sender(
    sqlite_desk: Desk, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = shop(sqlite_desk, ("env:NO_SUCH_SECRET",))
    answer = receive(starter, "shop", sign(NEW, BODY), BODY.encode())
    assert answer.status == 503
    assert "NO_SUCH_SECRET" not in json.dumps(answer.body)
    assert "NO_SUCH_SECRET" in (sqlite_desk.show("shop").trigger.error or "")
    monkeypatch.setenv("NO_SUCH_SECRET", "whsec_!")
    assert receive(starter, "shop", sign(NEW, BODY), BODY.encode()).status == 503


def test_a_condition_leaves_out_what_is_not_wanted(
    sqlite_desk: Desk, sign: Sign, secrets: tuple[str, str]
) -> None:
    starter = shop(sqlite_desk, secrets, when="data.total > 100.0")
    for _ in range(2):
        answer = receive(starter, "shop", sign(NEW, BODY), BODY.encode())
        assert answer == Answer(202, {"occurrence": "msg_1", "outcome": "skipped", "run": None})
    assert sqlite_desk.show("shop").trigger.skipped == 1


def test_secrets_are_only_referred_to(sqlite_desk: Desk) -> None:
    with pytest.raises(UsageError, match="reference"):
        sqlite_desk.add("shop", webhook=True, secret=(NEW,))
    with pytest.raises(UsageError, match="wants a secret"):
        sqlite_desk.add("shop", webhook=True)
    assert issubclass(SettingError, UsageError)
    with pytest.raises(ValueError, match="pattern"):
        sqlite_desk.add("Shop/../x", webhook=True, secret=("env:A",))

"""What the page of the order example says of a breaker that is tried again, and of many lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrate.runs.shown import RunsRequest, runs

from .walk import walk

PUBLISH = [f"baton publish examples/ecommerce-order/{name}.yaml" for name in ("shipment", "plan")]


def start(found: Any, order: str, *skus: str) -> None:
    lines = [{"sku": sku, "quantity": 1} for sku in skus or ("MUG",)]
    data = {"order": order, "address": "1 High Street", "total": 50, "lines": lines}
    found.answer(f"baton start ecommerce-order --key {order} --data '{json.dumps(data)}'")


def paths(found: Any, order: str) -> list[str]:
    return [call.split()[1] for call in found.stub.calls if call.split()[2] == order]


def test_after_a_minute_one_call_tries_the_first_provider_and_then_all_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("ecommerce-order", tmp_path, monkeypatch) as found:
        for command in PUBLISH:
            found.answer(command)
        start(found, "O-3")
        found.settle(10)
        start(found, "A-1")
        assert (paths(found, "O-3")[-1], paths(found, "A-1")[-1]) == ("/other-payments",) * 2
        found.settle(60)
        for order in ("A-2", "A-3"):
            start(found, order)
            assert paths(found, order)[-1] == "/payments"
        said = "select kind from alert where kind like 'breaker%' order by at"
        assert [alert["kind"] for alert in found.context.state.rows(said)] == ["breaker", "breaker closed"]


def test_of_many_lines_each_is_freed_once_the_last_one_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk("ecommerce-order", tmp_path, monkeypatch) as found:
        for command in PUBLISH:
            found.answer(command)
        start(found, "O-6", *"ABCDE")
        found.answer("baton decide TASK picked --by wim")
        (run,) = runs(found.context, RunsRequest(plan="ecommerce-order")).rows
        keys = [call.split()[-1].partition(":")[2] for call in found.stub.calls if "undo" in call]
        assert run.state == "cancelled"
        assert keys == ["pay:1:undo", *(f"reserve:{visit}:undo" for visit in (6, 5, 4, 3, 2))]

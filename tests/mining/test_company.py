"""What is planted in the sample company is found: causes of waiting, drift, and where it hurts most."""

import json
from pathlib import Path
from typing import Any

import pytest

from home.context import Context, Stores
from home.settings import configure
from ingest.sample import SampleRequest, sample
from mining.candidates import CandidatesRequest, candidates
from mining.causes import CAUSES
from mining.drift import DriftRequest, drift
from mining.waiting import WaitingRequest, waiting


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A context whose event store holds the sample company, half as large as that of the demo."""
    configuration = configure({"home": tmp_path_factory.mktemp("company")}, {})
    context = Context(configuration, Stores(configuration.settings), actor="tester")
    sample(context, SampleRequest(scale=0.5))
    yield context
    context.stores.close()


@pytest.fixture(scope="module")
def truth(company: Context) -> dict[str, Any]:
    """What the simulation was told, and what it counted, by log."""
    text = Path(company.home, "sample", "truth.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["processes"]
    return found


@pytest.mark.parametrize("log", ["p2p", "claims", "onboarding"])
def test_waiting_has_the_causes_it_was_simulated_with(company: Context, truth: dict, log: str) -> None:
    found = waiting(company, WaitingRequest(log=log))
    true = truth[log]["waiting_s"]
    assert found.total_s == pytest.approx(sum(true.values()), rel=0.01)
    wrong = sum(abs(getattr(found.causes, cause) - true[cause]) for cause in CAUSES) / 2
    assert wrong <= 0.05 * found.total_s
    by_activity = truth[log]["waiting_by_activity_s"]
    for row in found.activities:
        if row.total_s > 0.02 * found.total_s:
            assert row.top_cause == max(CAUSES, key=by_activity[row.activity].__getitem__), row.activity


def test_the_absent_approver_and_the_payment_run_are_named(company: Context, truth: dict) -> None:
    found = waiting(company, WaitingRequest(log="p2p"))
    first = found.activities[0]
    assert (first.activity, first.top_cause) == (
        truth["p2p"]["planted"]["absent_approver"]["activity"],
        "unavailability",
    )
    approver = truth["p2p"]["planted"]["absent_approver"]["resource"]
    assert found.handoffs[0].target_resource == approver
    batch = next(a for a in found.activities if a.activity == truth["p2p"]["planted"]["batch"]["activity"])
    assert batch.causes.batching > 0.9 * batch.total_s


def test_only_the_process_that_drifts_is_said_to(company: Context, truth: dict) -> None:
    planted = truth["support"]["planted"]["drift"]
    (change,) = drift(company, DriftRequest(log="support")).changes
    assert abs(change.case_index - planted["case_index"]) <= 25
    assert change.week in ("2026-W14", "2026-W15")
    assert any("Triage" in driver.words for driver in change.drivers)
    for log in ("p2p", "claims", "onboarding"):
        assert drift(company, DriftRequest(log=log)).changes == []


def test_the_planted_pain_ranks_first(company: Context) -> None:
    found = candidates(company, CandidatesRequest()).candidates
    assert found[0].log == "p2p" and found[0].plannable
    assert any("Approve order" in c.activities for c in found[:3])
    calm = next(c for c in found if c.id == "onboarding:process")
    assert (calm.pain, calm.stability) == (1, 5) and calm.frequency <= 2
    assert {c.kind for c in found} >= {"process", "block", "handoff"}

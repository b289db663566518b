"""Conformance: planted deviations are found where they were planted, with the time that goes with them."""

from datetime import datetime, timedelta

import pytest

from home.errors import NotFound
from mining.bpmn import to_bpmn
from mining.bpmn_blocks import of_tree
from mining.conformance import compared
from mining.errors import ModelError
from mining.tree import choice, leaf, loop, parallel, sequence, silent
from orchestrate.proving.conformance import ConformanceRequest, conformance

EPOCH = datetime(2026, 1, 5, 8)
MODEL = sequence(leaf("Register"), parallel(leaf("Check"), leaf("Ask")), leaf("Pay"))


def case(*activities: str, hours: float = 1.0) -> list[dict[str, object]]:
    return [{"activity": a, "end": EPOCH + timedelta(hours=hours * i)} for i, a in enumerate(activities)]


@pytest.fixture(scope="module")
def log(shelf) -> str:
    cases = {f"good{i}": case("Register", "Check", "Ask", "Pay") for i in range(60)}
    cases |= {f"other{i}": case("Register", "Ask", "Check", "Pay") for i in range(20)}
    cases |= {f"skip{i}": case("Register", "Ask", "Pay", hours=4) for i in range(15)}
    cases |= {f"twice{i}": case("Register", "Check", "Ask", "Pay", "Pay") for i in range(5)}
    return shelf.log(cases, "conforming")


@pytest.fixture
def model(tmp_path) -> str:
    file = tmp_path / "order.bpmn"
    file.write_text(to_bpmn(of_tree(MODEL), "Order"), encoding="utf-8")
    return str(file)


def test_planted_deviations_are_found_with_their_cases_and_times(shelf, log, model):
    found = conformance(shelf.context, ConformanceRequest(log=log, model=model))
    assert (found.cases, found.conforming, found.coverage, found.measured) == (100, 80, 0.8, 1.0)
    skipped, extra = found.deviations
    assert (skipped.kind, skipped.activity, skipped.cases) == ("skipped", "Check", 15)
    assert skipped.after in ("Register", "Ask") and skipped.examples[0].startswith("skip")
    assert (skipped.median_s, skipped.conforming_s) == (8 * 3600, 3 * 3600)
    assert (extra.kind, extra.activity, extra.after, extra.cases) == ("extra", "Pay", "Pay", 5)
    # 15 skipped and 5 extra steps, beside 100 ways through the model and all that the cases did
    did = 80 * 4 + 15 * 3 + 5 * 5
    assert found.fitness == pytest.approx(1 - 20 / (did + 100 * 4))
    assert "80.0 %" in "\n".join(found.lines())


def test_a_filter_narrows_what_is_compared(shelf, log, model):
    found = conformance(shelf.context, ConformanceRequest(log=log, model=model, where='contains("Check")'))
    assert (found.cases, found.conforming) == (85, 80)


def test_a_discovered_model_needs_no_file(shelf, log):
    for miner in ("inductive", "grow", "split"):
        found = conformance(shelf.context, ConformanceRequest(log=log, miner=miner, noise=0.0))
        assert found.coverage > 0.5 and miner in found.model
    assert conformance(shelf.context, ConformanceRequest(log=log, noise=0.0)).deviations == []


def test_without_time_the_commonest_variants_are_still_told_apart(shelf, log, model):
    found = conformance(shelf.context, ConformanceRequest(log=log, model=model, budget_s=1e-9))
    assert found.coverage == 0.8 and found.measured == 0.8 and found.deviations == []


def test_a_model_that_cannot_be_read_says_why(shelf, log, tmp_path):
    with pytest.raises(NotFound, match=r"no\.bpmn"):
        conformance(shelf.context, ConformanceRequest(log=log, model=str(tmp_path / "no.bpmn")))
    (tmp_path / "empty.bpmn").write_text("")
    with pytest.raises(ModelError):
        conformance(shelf.context, ConformanceRequest(log=log, model=str(tmp_path / "empty.bpmn")))


def test_choices_and_loops_conform():
    tree = sequence(leaf("a"), loop(leaf("b"), leaf("c")), choice(leaf("d"), silent()))
    ways = ["ab", "abd", "abcb", "abcbcbd", "acb", "abc"]
    found = compared(tree, [(i, tuple(way), 1) for i, way in enumerate(ways)], 5.0)
    assert found.accepted == (0, 1, 2, 3)
    assert {number: len(moves) for number, moves in found.moves.items()} == {4: 1, 5: 1}

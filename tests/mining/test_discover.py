"""Discovery from aggregates: planted trees are found, and the figures are PM4Py's."""

import random
from xml.etree import ElementTree as Xml

import pytest

from home.errors import UsageError
from mining.contracts import DiscoverRequest
from mining.discover import discover
from mining.errors import NothingLeft

CASES = (
    [["Register", "Check", "Ask", "Decide", "Pay"]] * 40
    + [["Register", "Ask", "Check", "Decide", "Pay"]] * 30
    + [["Register", "Check", "Ask", "Decide", "Reject"]] * 25
    + [["Register", "Decide", "Pay"]] * 2
)


@pytest.fixture(scope="module")
def context(shelf):
    return shelf.context


@pytest.fixture(scope="module")
def planted_log(shelf) -> str:
    cases = list(CASES)
    random.Random(1).shuffle(cases)
    return shelf.log({str(i): case for i, case in enumerate(cases)})


def test_the_inductive_miner_finds_what_was_planted(context, planted_log):
    found = discover(context, DiscoverRequest(log=planted_log, noise=0.2))
    tree = (
        str(found.process_tree)
        .replace("'Ask', 'Check'", "'Check', 'Ask'")
        .replace("'Reject', 'Pay'", "'Pay', 'Reject'")
    )
    assert tree == "->( 'Register', +( 'Check', 'Ask' ), 'Decide', X( 'Pay', 'Reject' ) )"
    assert found.sound and found.coverage == pytest.approx(95 / 97)
    assert found.measured == 1 and 0.95 < found.fitness < 1
    assert (found.size, found.cfc) == (6 + 4 + 2, 2 + 1)
    assert found.content is None and "content" not in found.model_dump(exclude_none=True)


def test_without_noise_every_case_fits(context, planted_log):
    found = discover(context, DiscoverRequest(log=planted_log))
    assert found.fitness == found.coverage == 1.0


@pytest.mark.parametrize("miner", ["inductive", "heuristics", "split", "grow"])
def test_every_miner_answers(context, planted_log, miner):
    found = discover(context, DiscoverRequest(log=planted_log, miner=miner))
    assert 0 <= found.precision <= 1 and 0 <= found.coverage <= found.fitness <= 1
    assert list(found.lines())


def test_bpmn_comes_with_a_diagram(context, planted_log):
    found = discover(context, DiscoverRequest(log=planted_log, noise=0.2, bpmn="model.bpmn"))
    names = {e.attrib.get("name") for e in Xml.fromstring(found.content).iter()}  # noqa: S314
    assert {"Register", "Check", "Ask", "Decide", "Pay", "Reject"} <= names


def test_a_model_without_blocks_is_drawn_too(context, shelf):
    tangled = shelf.log(
        {str(i): list(case) for i, case in enumerate(["sacxe", "sacye", "sbdye", "sbcye"] * 5)}
    )
    found = discover(context, DiscoverRequest(log=tangled, miner="split", noise=0, bpmn="model.bpmn"))
    assert found.process_tree is None
    names = {e.attrib.get("name") for e in Xml.fromstring(found.content).iter()}  # noqa: S314
    assert set("sabcdxye") <= names


def test_what_cannot_be_is_said(context, planted_log):
    with pytest.raises(UsageError):
        discover(context, DiscoverRequest(log=planted_log, miner="grow", noise=0.2))
    with pytest.raises(NothingLeft, match="events > 99"):
        discover(context, DiscoverRequest(log=planted_log, where="events > 99"))

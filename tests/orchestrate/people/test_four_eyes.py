"""Four eyes: whoever had a hand in what a step judges cannot decide it, be given it, or find it offered."""

import pytest

from orchestrate.contracts import Plan
from orchestrate.people.approvals import DecideRequest, decide
from orchestrate.people.eligible import FourEyesNeeded, NotYours
from orchestrate.people.handing import ClaimRequest, DelegateRequest, claim, delegate
from orchestrate.plans.check import check_plan
from tests.orchestrate.operations.plans import plan_of

from .conftest import MakeOffice, Office, human

JUDGES = {"steps": ("enter",), "starter": True}


def judged(office: MakeOffice, **more: object) -> Office:
    """An order entered by ada, which somebody else has to approve."""
    here = office(human("enter"), human("approve", four_eyes=JUDGES, **more))
    here.start(by="zoe")
    here.decide(here.tasks()[0].task, "ada")
    return here


def test_the_refusal_names_the_earlier_step_and_the_person(office: MakeOffice) -> None:
    here = judged(office)
    (task,) = here.tasks()
    assert task.apart == ["enter", "!starter"]
    with pytest.raises(FourEyesNeeded, match=r"'ada' did 'Enter' in this run, so somebody else") as found:
        here.decide(task.task, "ada")
    assert found.value.exit_code == 1
    with pytest.raises(FourEyesNeeded, match="'ADA' did 'Enter'"):
        here.decide(task.task, "ADA")
    with pytest.raises(FourEyesNeeded, match="'zoe' started the run"):
        here.decide(task.task, "zoe")
    assert here.tasks() == [task]
    assert here.decide(task.task, "bob").by == "bob"


def test_nobody_slips_through_by_a_name_of_their_own_making(office: MakeOffice) -> None:
    here = judged(office)
    here.person("ada")
    here.person("bob")
    (task,) = here.tasks()
    with pytest.raises(NotYours, match="'someone' is not in the people directory"):
        here.decide(task.task, "someone")


def test_it_can_neither_be_claimed_by_them_nor_delegated_to_them(office: MakeOffice) -> None:
    here = judged(office)
    (task,) = here.tasks()
    with pytest.raises(FourEyesNeeded):
        claim(here.context, ClaimRequest(task=task.task, by="ada"))
    with pytest.raises(FourEyesNeeded):
        delegate(here.context, DelegateRequest(task=task.task, to="ada", by="bob"))
    assert [row.task for row in here.tasks(inbox="bob")] == [task.task]
    assert here.tasks(inbox="ada") == here.tasks(inbox="zoe") == here.tasks(inbox="Ada") == []


def test_assignment_passes_them_over_and_asks_no_deputy_who_had_a_hand_in_it(office: MakeOffice) -> None:
    here = office(human("enter"), human("approve", four_eyes=JUDGES, assign={"by": "round-robin"}))
    for login in ("ada", "bob"):
        here.person(login)
    here.person("eve", deputy="ada")
    here.set("eve", away_from="2026-01-05")
    here.start(3)
    for task in here.tasks():
        here.decide(task.task, "ada")
    assert here.with_whom() == ["bob", "bob", "bob"]


def test_it_holds_in_the_deciding_transaction_whoever_was_first(office: MakeOffice) -> None:
    """The step beside is decided after the task was opened: only the decision itself can see it."""
    here = office(human("enter"), human("approve", four_eyes={"steps": ("enter",)}), side_by_side=True)
    here.start()
    enter, approve = (
        next(row.task for row in here.tasks() if row.step == name) for name in ("Enter", "Approve")
    )
    assert {row.task for row in here.tasks(inbox="ada")} == {enter, approve}
    decide(here.context, DecideRequest(task=enter, outcome="approved", by="ada"))
    # the engine has not even read that decision
    with pytest.raises(FourEyesNeeded):
        decide(here.context, DecideRequest(task=approve, outcome="approved", by="ada"))
    assert here.tasks(inbox="ada") == []
    here.decide(approve, "bob")


def test_another_run_is_another_matter(office: MakeOffice) -> None:
    here = judged(office)
    here.start(by="zoe")
    other = next(row for row in here.tasks() if row.step == "Enter")
    here.decide(other.task, "bob")
    with pytest.raises(FourEyesNeeded):
        here.decide(other.task.replace(".1", ".2"), "bob")
    here.decide(other.task.replace(".1", ".2"), "ada")


def problems(**fields: object) -> list[str]:
    plan: Plan = plan_of(human("enter", **fields))
    return [problem.message for problem in check_plan(plan).problems]


def test_a_plan_that_names_what_is_not_there_is_refused() -> None:
    assert problems(four_eyes={"steps": ("entry",)}) == ["`four_eyes` names 'entry', which is no step"]
    assert problems(four_eyes={"steps": ("enter",)}) == ["`four_eyes` names the step itself"]
    assert problems(assign={"by": "skill"}) == ["it is assigned by skill and names no `skill`"]
    assert problems(links={"file": "javascript:alert(1)"}) == [
        "the link 'file' does not begin with https:// or http://"
    ]

"""Tasks change hands by whom they may, are due when said, and climb their chain when nobody decides."""

import pytest

from home.errors import Refused
from orchestrate.people.eligible import NotYours
from orchestrate.people.handing import (
    ClaimRequest,
    CommentRequest,
    DelegateRequest,
    DueRequest,
    UnclaimRequest,
    claim,
    comment,
    delegate,
    due,
    unclaim,
)
from orchestrate.records.audit import VerifyRequest, verify

from .conftest import MakeOffice, Office, human

CHAIN = {"due": "PT4H", "remind": "PT2H", "escalate": ["boss", "person:dora", "board"]}


def one(here: Office) -> str:
    (task,) = here.tasks()
    return task.task


def staffed(office: MakeOffice, **more: object) -> Office:
    """One task for the clerks ada and bob; bea is a boss, dee a dispatcher."""
    here = office(human("approve", **more))
    here.person("ada")
    here.person("bob")
    here.person("bea", "boss")
    here.person("dee", "dispatcher")
    here.start()
    return here


def test_a_task_is_taken_and_given_back_by_whom_it_is_for(office: MakeOffice) -> None:
    here = staffed(office)
    task = one(here)
    with pytest.raises(NotYours, match="is for the role 'clerk'; bea has 'boss'"):
        claim(here.context, ClaimRequest(task=task, by="bea"))
    claim(here.context, ClaimRequest(task=task, by="ada"))
    for by, words in (("bob", "is with ada; bob cannot give it away"), ("bea", "is with ada")):
        with pytest.raises(NotYours, match=words):
            unclaim(here.context, UnclaimRequest(task=task, by=by))
    assert unclaim(here.context, UnclaimRequest(task=task, by="ada")).done == "back in the queue of clerk"
    with pytest.raises(Refused, match="Nobody has task"):
        unclaim(here.context, UnclaimRequest(task=task, by="ada"))
    claim(here.context, ClaimRequest(task=task, by="bob"))
    unclaim(here.context, UnclaimRequest(task=task, by="dee"))
    actions = [row["action"] for row in here.context.state.rows("select action from audit order by seq")]
    assert actions[4:] == ["claim", "unclaim", "claim", "unclaim"]
    assert verify(here.context, VerifyRequest()).ok


def test_who_is_not_of_the_role_decides_only_what_was_handed_to_them(office: MakeOffice) -> None:
    here = staffed(office)
    task = one(here)
    with pytest.raises(NotYours, match="for the role 'clerk'"):
        here.decide(task, "bea")
    with pytest.raises(NotYours, match="'zoe' is not in the people directory"):
        delegate(here.context, DelegateRequest(task=task, to="zoe", by="ada"))
    with pytest.raises(NotYours, match="bea has 'boss'"):
        delegate(here.context, DelegateRequest(task=task, to="bea", by="bea"))
    delegate(here.context, DelegateRequest(task=task, to="bea", by="ada", note="over my limit"))
    assert here.tasks()[0].comments[0]["text"] == "over my limit"
    assert here.decide(task, "bea").by == "bea"


def test_a_role_that_nobody_has_keeps_nobody_out(office: MakeOffice) -> None:
    here = staffed(office, role="accountant")
    assert here.decide(one(here), "bea").by == "bea"


def test_what_is_handed_out_by_hand_nobody_takes(office: MakeOffice) -> None:
    here = staffed(office, assign={"by": "hand"})
    task = one(here)
    for attempt in (
        lambda: claim(here.context, ClaimRequest(task=task, by="ada")),
        lambda: here.decide(task, "ada"),
        lambda: delegate(here.context, DelegateRequest(task=task, to="ada", by="bob")),
    ):
        with pytest.raises(NotYours, match="handed out by"):
            attempt()
    assert here.tasks(inbox="ada") == []
    delegate(here.context, DelegateRequest(task=task, to="ada", by="dee"))
    assert here.decide(task, "ada").by == "ada"


def test_a_task_for_one_person_is_nobody_elses_and_has_no_queue(office: MakeOffice) -> None:
    here = staffed(office, role="person:ada")
    task = one(here)
    with pytest.raises(NotYours, match="is for ada, not for bob"):
        here.decide(task, "bob")
    with pytest.raises(Refused, match="for ada alone and has no queue"):
        unclaim(here.context, UnclaimRequest(task=task, by="ada"))


def test_what_is_handed_to_somebody_who_is_away_their_deputy_gets(office: MakeOffice) -> None:
    here = staffed(office)
    here.set("bob", away_from="2026-01-05")
    with pytest.raises(Refused, match="'bob' is out of office, and no deputy"):
        delegate(here.context, DelegateRequest(task=one(here), to="bob", by="ada"))
    here.set("bob", deputy="bea")
    found = delegate(here.context, DelegateRequest(task=one(here), to="bob", by="ada"))
    assert (found.assignee, found.done) == ("bea", "now with bea, who stands in for bob")
    here.set("bob", back=True)
    assert here.with_whom() == ["bob"]


def test_who_is_not_active_any_more_decides_nothing(office: MakeOffice) -> None:
    here = staffed(office)
    here.set("ada", active="no")
    with pytest.raises(NotYours, match="'ada' is not active"):
        here.decide(one(here), "ada")


def state(here: Office) -> tuple[object, ...]:
    (row,) = here.tasks()
    return row.level, row.reminders, row.role, row.assignee


def test_a_task_is_reminded_of_and_climbs_its_chain_of_roles_and_people(office: MakeOffice) -> None:
    here = office(human("approve", sla=CHAIN, assign={"by": "round-robin"}))
    here.person("ada")
    here.person("gil", "board")
    here.person("dora", "boss", deputy="gil")
    here.set("dora", away_from="2026-01-05")
    here.start()
    assert state(here) == (0, 0, "clerk", "ada")
    here.settle(hours=1, minutes=59)
    assert state(here) == (0, 0, "clerk", "ada")
    here.settle(minutes=1)
    assert state(here) == (0, 1, "clerk", "ada")
    here.settle(hours=2)
    assert state(here) == (1, 1, "boss", None)
    here.settle(hours=4)
    assert state(here) == (2, 1, "boss", "gil"), "dora is away, and gil stands in for her"
    assert here.tasks()[0].stands_for == "dora"
    here.settle(hours=4)
    assert state(here) == (3, 1, "board", None)
    here.settle(days=30)
    assert state(here) == (3, 1, "board", None)
    with pytest.raises(NotYours, match="for the role 'board'"):
        here.decide(one(here), "ada")
    here.decide(one(here), "gil")


def test_who_had_a_hand_in_it_is_passed_over_by_escalation_too(office: MakeOffice) -> None:
    sla = {"due": "PT4H", "escalate": ["person:ada"]}
    here = office(human("enter"), human("approve", sla=sla, four_eyes={"steps": ("enter",)}))
    here.start()
    here.decide(one(here), "ada")
    here.settle(hours=4)
    assert state(here) == (1, 0, "clerk", None)
    assert here.alerts() == ["a task should go to 'ada', who cannot have it now; it stays in its queue"]


def test_a_due_time_is_moved_and_everything_follows_it(office: MakeOffice) -> None:
    here = office(human("approve", sla=CHAIN))
    here.start()
    done = due(here.context, DueRequest(task=one(here), at="2026-01-06T18:00+01:00", by="ada")).done
    assert done == "due 2026-01-06T17:00:00.000Z"
    here.settle(hours=5)
    assert here.tasks()[0].level == 0
    here.settle(days=1, hours=2)
    assert here.tasks()[0].level == 0
    here.settle(hours=2)
    assert here.tasks()[0].level == 1
    due(here.context, DueRequest(task=one(here), at="never"))
    here.settle(days=30)
    assert (here.tasks()[0].level, here.tasks()[0].due) == (1, None)
    with pytest.raises(Refused, match="is past"):
        due(here.context, DueRequest(task=one(here), at="2026-01-01"))
    rows = here.context.state.rows("select actor from audit where action = 'due' order by seq")
    assert [row["actor"] for row in rows] == ["ada", "root"]


def test_remarks_and_decisions_before_are_in_every_later_task(office: MakeOffice) -> None:
    links = {"order": "https://erp.example.org/orders/{key}?by={who}"}
    here = office(human("enter"), human("approve", links=links))
    here.start(key="PO 17/a", data={"who": "Zoë & co"})
    enter = one(here)
    comment(here.context, CommentRequest(task=enter, remark="called the supplier", by="ada"))
    here.decide(enter, "ada", note="complete")
    (task,) = here.tasks(search="zoË co")
    (before,) = task.earlier
    assert (before["step"], before["outcome"], before["by"], before["note"]) == (
        "Enter", "approved", "ada", "complete",
    )  # fmt: skip
    assert before["comments"][0]["text"] == "called the supplier"
    assert task.context["links"] == {
        "order": "https://erp.example.org/orders/PO%2017%2Fa?by=Zo%C3%AB%20%26%20co"
    }

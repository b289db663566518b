"""Out of office: open tasks move to the deputy when it begins, and come back untouched when it ends."""

import pytest

from home.errors import NotFound, Refused, UsageError
from orchestrate.people.changes import PersonAddRequest, PersonRemoveRequest, add, remove
from orchestrate.people.directory import PersonListRequest, list_people
from orchestrate.people.handing import ClaimRequest, CommentRequest, DelegateRequest, claim, comment, delegate
from orchestrate.people.presence import attend
from orchestrate.records.audit import VerifyRequest, verify

from .conftest import MakeOffice, Office, human

ADAS = {"role": "person:ada"}


def staffed(office: MakeOffice, **more: object) -> Office:
    """Three tasks of ada's, whose deputy is bob."""
    here = office(human("approve", **(ADAS | more)))
    for login in ("bob", "eve"):
        here.person(login)
    here.person("ada", deputy="bob")
    here.start(3)
    return here


def test_on_setting_it_open_tasks_move_at_once_and_the_audit_says_so(office: MakeOffice) -> None:
    here = staffed(office)
    row = here.set("ada", away_from="2026-01-05", away_to="2026-01-09", by="root")
    assert (row.present, row.stand_in, row.open_tasks) == (False, "bob", 0)
    assert row.away_to == "2026-01-10T00:00:00.000Z", "a day alone is included"
    assert here.with_whom() == ["bob"] * 3
    assert {task.stands_for for task in here.tasks()} == {"ada"}
    rows = here.context.state.rows("select actor, detail from audit where action = 'stand in'")
    assert [row["actor"] for row in rows] == ["root"] * 3
    assert verify(here.context, VerifyRequest()).ok


def test_it_begins_and_ends_by_itself_and_what_was_not_touched_comes_back(office: MakeOffice) -> None:
    here = staffed(office)
    here.set("ada", away_from="2026-01-06", away_to="2026-01-07")
    assert here.with_whom() == ["ada"] * 3
    here.settle(days=1)
    assert attend(here.context) == 3
    assert attend(here.context) == 0, "once"
    here.start()
    assert here.with_whom() == ["bob"] * 4, "new ones come to the deputy too"
    remarked, claimed, handed, _ = here.tasks()
    comment(here.context, CommentRequest(task=remarked.task, remark="asked the supplier", by="bob"))
    claim(here.context, ClaimRequest(task=claimed.task, by="bob"))
    delegate(here.context, DelegateRequest(task=handed.task, to="eve", by="bob"))
    here.settle(days=2)
    assert attend(here.context) == 1
    assert sorted(map(str, here.with_whom())) == ["ada", "bob", "bob", "eve"]
    ada = list_people(here.context, PersonListRequest(login="ada")).rows[0]
    assert (ada.present, ada.away_from) == (True, None)


def test_who_is_away_may_still_decide_or_take_back_what_is_kept_for_them(office: MakeOffice) -> None:
    here = staffed(office)
    here.set("ada", away_from="2026-01-05")
    first, second, _ = here.tasks()
    assert claim(here.context, ClaimRequest(task=first.task, by="ada")).assignee == "ada"
    assert here.decide(second.task, "ada").by == "ada"
    assert attend(here.context) == 0


def test_without_a_deputy_tasks_go_to_the_queue_with_an_alert_and_come_back(office: MakeOffice) -> None:
    here = office(human("approve", assign={"by": "load"}))
    here.person("ada")
    here.start()
    here.set("ada", away_from="2026-01-05")
    (task,) = here.tasks()
    assert (task.assignee, task.role) == (None, "clerk")
    assert here.alerts() == ["'ada' is away and has no deputy who can have 'Approve'"]
    here.set("ada", back=True)
    assert here.with_whom() == ["ada"]


def test_who_becomes_inactive_or_leaves_hands_everything_over_for_good(office: MakeOffice) -> None:
    here = staffed(office)
    here.set("ada", active="no")
    assert here.with_whom() == ["bob"] * 3
    here.set("ada", active="yes")
    assert here.with_whom() == ["bob"] * 3
    assert remove(here.context, PersonRemoveRequest(login="bob")).moved == 3
    assert here.with_whom() == [None] * 3
    with pytest.raises(NotFound, match="No person called 'bob'"):
        here.set("bob", back=True)
    assert list_people(here.context, PersonListRequest(login="ada")).rows[0].deputy is None


def test_deputies_who_had_a_hand_in_it_are_not_asked(office: MakeOffice) -> None:
    here = office(human("enter"), human("approve", role="person:ada", four_eyes={"steps": ("enter",)}))
    here.person("eve")
    here.person("bob", deputy="eve")
    here.person("ada", deputy="bob")
    here.start()
    here.decide(here.tasks()[0].task, "bob")
    here.set("ada", away_from="2026-01-05")
    assert here.with_whom() == ["eve"]


def test_what_cannot_be_is_refused_and_changes_nothing(office: MakeOffice) -> None:
    here = staffed(office)
    before = list_people(here.context, PersonListRequest()).rows
    for wrong, error, words in (
        ({"away_from": "tomorrow"}, UsageError, "'tomorrow' is no day or moment"),
        ({"away_from": "2026-01-09", "away_to": "2026-01-07"}, UsageError, "over before it begins"),
        ({"back": True, "away_to": "2026-01-07"}, UsageError, "--back"),
        ({"deputy": "ada"}, Refused, "their own deputy"),
        ({"deputy": "boob"}, NotFound, "'boob'"),
    ):
        with pytest.raises(error, match=words):
            here.set("ada", **wrong)
    for login, words in (
        ("bob", "already"),
        ("BOB", "already"),
        ("a b", "cannot be a login"),
        ("", "cannot be"),
    ):
        with pytest.raises((Refused, UsageError), match=words):
            add(here.context, PersonAddRequest(login=login))
    assert list_people(here.context, PersonListRequest()).rows == before


def test_people_are_listed_page_by_page_and_by_role_and_skill(office: MakeOffice) -> None:
    here = staffed(office)
    here.person("fay", "boss", skill=("law",))
    first = list_people(here.context, PersonListRequest(limit=2))
    rest = list_people(here.context, PersonListRequest(limit=2, after=first.next))
    assert [row.login for row in (*first.rows, *rest.rows)] == ["ada", "bob", "eve", "fay"]
    assert rest.next is None
    assert [row.login for row in list_people(here.context, PersonListRequest(role="boss")).rows] == ["fay"]
    assert [row.login for row in list_people(here.context, PersonListRequest(skill="law")).rows] == ["fay"]
    here.set("fay", role=("",), skill=("law", "french"))
    row = list_people(here.context, PersonListRequest(login="fay")).rows[0]
    assert (row.roles, row.skills) == ([], ["french", "law"])
    assert "\n".join(first.lines()).splitlines()[1].split() == [
        "ada",
        "clerk",
        "–",
        "bob",
        "here",
        "ada",
        "3",
    ]

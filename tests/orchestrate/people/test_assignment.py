"""Assignment: planted directories must give planted assignees, once, whoever opens the tasks."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from home.clock import SettableClock
from home.context import Context
from orchestrate.contracts import Sequence
from orchestrate.core.plan_index import PlanIndex
from orchestrate.core.rules import compile_rule
from orchestrate.engine.start import start_in
from orchestrate.engine.statements import on_sqlalchemy
from orchestrate.people.changes import PersonAddRequest, add
from orchestrate.people.register import LONGEST_CHAIN, People
from tests.orchestrate.operations.plans import plan_of

from .conftest import MakeOffice, Office, human

TURNS = {"by": "round-robin"}


def test_each_of_a_role_gets_a_task_in_turn_also_after_a_restart(office: MakeOffice) -> None:
    here = office(human("approve", assign=TURNS))
    for login in ("cy", "ada", "bob"):
        here.person(login)
    here.person("dan", "boss")
    here.start(4)
    again = office(human("approve", assign=TURNS))
    again.start(2)
    assert again.with_whom() == ["ada", "bob", "cy", "ada", "bob", "cy"]


def test_who_has_the_fewest_open_tasks_gets_the_next(office: MakeOffice) -> None:
    here = office(human("approve", assign={"by": "load"}))
    for login in ("ada", "bob", "cy"):
        here.person(login)
    here.start(5)
    assert here.with_whom() == ["ada", "bob", "cy", "ada", "bob"]
    for row in here.tasks(mine="bob"):
        here.decide(row.task, "bob")
    here.start(2)
    # bob has none, cy one: bob, and of the two with one the turn after bob is cy's
    assert Counter(here.with_whom()) == {"ada": 2, "bob": 1, "cy": 2}


def test_a_skill_is_asked_of_whoever_gets_it_and_of_deputies(office: MakeOffice) -> None:
    here = office(human("approve", assign={"by": "skill", "skill": "law"}))
    here.person("ada")
    here.person("eve", skill=("law",))
    here.person("bob", skill=("law", "french"), deputy="ada")
    here.start(3)
    assert here.with_whom() == ["bob", "eve", "bob"]
    here.set("bob", away_from="2026-01-05")
    here.start()
    assert here.tasks(role="clerk")[-1].skill == "law"
    assert set(here.with_whom()) == {"eve", None}, "ada stands in for bob, and knows no law"


@pytest.mark.parametrize("by", ["role", "hand"])
def test_by_role_and_by_hand_nobody_is_chosen(office: MakeOffice, by: str) -> None:
    here = office(human("approve", assign={"by": by}))
    here.person("ada")
    here.start()
    (task,) = here.tasks()
    assert (task.assignee, task.role, task.by_hand) == (None, "clerk", by == "hand")
    assert here.alerts() == []


def test_who_is_away_or_not_active_is_passed_over_for_the_deputy(office: MakeOffice) -> None:
    here = office(human("approve", assign=TURNS))
    here.person("ada")
    here.person("bob", deputy="ada")
    here.person("cy")
    here.person("eve", "boss")
    here.set("bob", away_from="2026-01-05", deputy="eve")
    here.set("cy", active="no")
    here.start(4)
    assert here.with_whom() == ["ada", "eve", "ada", "eve"]
    assert {row.stands_for for row in here.tasks()} == {None}


def test_a_task_for_a_person_goes_along_the_chain_of_deputies_and_says_for_whom(office: MakeOffice) -> None:
    here = office(human("approve", role="person:ada"))
    here.person("eve")
    here.person("bob", deputy="eve")
    here.person("ada", deputy="bob")
    here.set("ada", away_from="2026-01-05")
    here.set("bob", away_from="2026-01-01", away_to="2026-01-05")
    here.start()
    (task,) = here.tasks()
    assert (task.assignee, task.stands_for) == ("eve", "ada")


def test_a_circle_of_deputies_ends_in_the_queue_with_an_alert(office: MakeOffice) -> None:
    here = office(human("approve", role="person:ada"), human("check", assign=TURNS), side_by_side=True)
    here.person("ada")
    here.person("bob", deputy="ada")
    for login, deputy in (("ada", "bob"), ("bob", "ada")):
        here.set(login, deputy=deputy, away_from="2026-01-05")
    here.start()
    assert [(row.assignee, row.role) for row in here.tasks()] == [(None, "operator"), (None, "clerk")]
    assert here.alerts() == [
        "neither 'ada' nor a deputy can have 'Approve' now; it waits in the queue of 'operator'",
        "nobody of its role can have 'Check' now; it waits in the queue of 'clerk'",
    ]


def test_a_chain_of_deputies_is_followed_only_so_far(home_context: Context) -> None:
    far = [f"p{number:02}" for number in range(LONGEST_CHAIN + 3)]
    for login, deputy in reversed(list(zip(far, [*far[1:], None], strict=True))):
        add(home_context, PersonAddRequest(login=login, deputy=deputy))
    last = far[-1]
    home_context.state.execute(f"update person set away_from = 0 where login <> '{last}'")
    with home_context.state.transaction(read=True) as connection:
        people = People(on_sqlalchemy(connection), 1.0)
        assert people.stand_in(far[-4], lambda _: True) == last
        assert people.stand_in(far[0], lambda _: True) is None


def test_without_a_directory_a_named_person_gets_the_task_as_ever(office: MakeOffice) -> None:
    here = office(human("approve", role="person:zoe"))
    here.start()
    assert here.with_whom() == ["zoe"]


def test_turns_are_kept_however_many_open_tasks_at_once(context: Context, clock: SettableClock) -> None:
    people, runs = ("ada", "bob", "cy"), 30
    for login in people:
        add(context, PersonAddRequest(login=login, role=("clerk",)))
    steps = (human("one", assign=TURNS), human("two", assign={"by": "load"}))
    index = PlanIndex(plan_of(Sequence(id="all", children=steps[:1])), compile_rule)

    def open_one(number: int) -> None:
        with context.state.transaction() as connection:
            start_in(connection, index, 1, run=f"run-{number:03}", data={}, at=clock.now().timestamp())

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(open_one, range(runs)))
    rows = context.state.rows("select assignee from task")
    assert Counter(row["assignee"] for row in rows) == dict.fromkeys(people, runs // len(people))


LOGINS = ("ada", "bob", "cy", "dan")
PERSON = st.fixed_dictionaries(
    {
        "role": st.sampled_from((("clerk",), ("boss",), ("clerk", "boss"), ())),
        "deputy": st.sampled_from((None, *LOGINS)),
        "away": st.booleans(),
        "active": st.booleans(),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(dict.fromkeys(LOGINS, PERSON)), st.sampled_from(("round-robin", "load")))
def test_whoever_gets_a_task_is_there_and_of_the_role_or_stands_in_for_who_is(
    home_context: Context, clock: SettableClock, directory: dict[str, dict[str, object]], by: str
) -> None:
    fill(home_context, directory)
    here = Office(home_context, clock, plan_of(human("approve", assign={"by": by})))
    here.start(3)
    here.engine.stop()

    def there(login: str) -> bool:
        return bool(directory[login]["active"]) and not directory[login]["away"]

    def stand_ins(login: str) -> set[str]:
        seen: set[str] = set()
        while login and login not in seen:
            seen.add(login)
            login = str(directory[login]["deputy"] or "")
        return seen

    of_role = {each for each in LOGINS if "clerk" in directory[each]["role"] and directory[each]["active"]}  # type: ignore[operator]
    may = {deputy for each in of_role for deputy in stand_ins(each) if there(deputy)}
    given_to = here.with_whom()
    assert len(given_to) == 3
    if any(map(there, of_role)):
        assert None not in given_to
    assert set(given_to) - {None} <= may
    assert len(here.alerts()) == given_to.count(None)


def fill(context: Context, directory: dict[str, dict[str, object]]) -> None:
    """Nothing in the tables but these people."""
    with context.state.transaction() as connection:
        for table in ("person", "person_tag", "task", "run", "journal", "alert", "inbox"):
            connection.execute(text(f"delete from {table}"))
        for login, about in directory.items():
            deputy = about["deputy"] if about["deputy"] != login else None
            row = {"login": login, "deputy": deputy, "active": int(bool(about["active"]))}
            row["away"] = 0 if about["away"] else None
            names = "login, deputy, active, away_from, added"
            insert = f"insert into person({names}) values (:login, :deputy, :active, :away, 0)"
            connection.execute(text(insert), row)
            for role in about["role"]:  # type: ignore[attr-defined]
                tag = {"login": login, "role": role}
                connection.execute(text("insert into person_tag values (:login, 'role', :role)"), tag)

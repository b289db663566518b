"""A step added by hand: in the plan where its place is clear, proposed where there are several."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from planted import Case, log, moves, planned

from ingest.shaping.placed import Placed
from orchestrate.contracts import Choice, Loop, Node, Parallel, Sequence, Step
from orchestrate.plans.changes import steps, with_moves
from orchestrate.plans.check import nodes
from orchestrate.plans.plan_file import parse_plan, plan_text
from orchestrate.proving.replayed import replay_plan
from orchestrate.proving.twin import Model, play
from orchestrate.redesign.design import Designed
from orchestrate.redesign.history import Facts
from orchestrate.redesign.neighbours import neighbours


def added(name: str, after: str, before: str | None = None, **more: Any) -> Placed:
    known = {"typical": None, "role": None, "by": "ada", "on": "2026-11-20"} | more
    return Placed(name, after, before, **known)


def straight(case: Case) -> None:
    for activity in ("Create", "Check", "Send"):
        case.do(activity)


def forked(case: Case) -> None:
    """Create, then Check or Repair, then perhaps Meet, then Send."""
    case.do("Create")
    case.do("Check" if case.rng.random() < 0.6 else "Repair")
    if case.rng.random() < 0.4:
        case.do("Meet")
    case.do("Send")


def skipped(case: Case) -> None:
    """Check is done in half of the cases between Create and Send."""
    case.do("Create")
    if case.rng.random() < 0.5:
        case.do("Check")
    case.do("Send")


def again(case: Case) -> None:
    case.do("Create")
    case.do("Check")
    while case.rng.random() < 0.3:
        case.do("Correct")
        case.do("Check")
    case.do("Send")


def way(node: Node, name: str) -> str:
    """The plan in one line; `name` is the added step."""
    match node:
        case Step():
            return f"<{node.name}>" if node.off_system else node.name
        case Sequence():
            return " ".join(way(child, name) for child in node.children)
        case Parallel():
            return "(" + " & ".join(way(child, name) for child in node.children) + ")"
        case Choice():
            return "(" + " | ".join(sorted(way(b.body, name) for b in node.branches)) + ")"
        case Loop():
            return f"({way(node.body, name)} again {way(node.redo, name)})"
    return "-"


def drawn(designed: Designed) -> str:
    return way(designed.plan.body, "Call")


CLEAR = [
    (straight, added("Call", "Create", "Check"), "Create <Call> Check Send"),
    (straight, added("Call", "Send"), "Create Check Send <Call>"),
    (straight, added("Call", "Create"), "Create <Call> Check Send"),
    (forked, added("Call", "Create", "Repair"), "Create (<Call> Repair | Check) (- | Meet) Send"),
    (skipped, added("Call", "Create", "Send"), "Create (<Call> | Check) Send"),
    (skipped, added("Call", "Create", "Check"), "Create (- | <Call> Check) Send"),
    (again, added("Call", "Check", "Send"), "Create (Check again Correct) <Call> Send"),
    (again, added("Call", "Check", "Correct"), "Create (Check again <Call> Correct) Send"),
    (again, added("Call", "Correct", "Check"), "Create (Check again Correct <Call>) Send"),
]


@pytest.mark.parametrize(("story", "step", "expected"), CLEAR)
def test_a_step_with_one_place_is_put_there(story: Any, step: Placed, expected: str) -> None:
    designed = planned(log(story), added=(step,))
    (move,) = moves(designed, "off-system")
    assert (move.grade, move.accepted) == ("apply", True)
    assert drawn(designed) == expected
    assert move.evidence[0].statement == "added by hand by ada on 2026-11-20, not observed."
    (made,) = [node for node in steps(designed.plan.body) if node.off_system]
    assert (made.does, made.binding, made.observed) == ("human", None, None)
    assert made.purpose == "Added by hand by ada on 2026-11-20, not observed: no system records it."
    # today's process does not have it, and a plan file keeps it
    assert designed.plan.as_is is not None and not any(s.off_system for s in steps(designed.plan.as_is))
    assert parse_plan(plan_text(designed.plan)) == designed.plan


UNCLEAR = [
    (forked, added("Call", "Check", "Send"), "leads elsewhere, too"),
    (straight, added("Call", "Create", "Send"), "does not come right after"),
    (straight, added("Call", "Send", "Create"), "does not come right after"),
]


@pytest.mark.parametrize(("story", "step", "why"), UNCLEAR)
def test_a_step_with_several_places_is_proposed_at_each_and_guessed_at_none(
    story: Any, step: Placed, why: str
) -> None:
    designed = planned(log(story), added=(step,))
    found = moves(designed, "off-system")
    assert [(m.grade, m.accepted) for m in found] == [("propose", False)] * 2
    assert why in found[0].evidence[1].statement
    assert "<Call>" not in drawn(designed)
    kept = {move.id for move in designed.plan.moves if move.accepted}
    ways = {way(with_moves(designed.plan, kept | {m.id}).body, "Call") for m in found}
    assert all(each.count("<Call>") == 1 for each in ways) and len(ways) == 2


def test_a_step_whose_neighbours_are_not_in_the_plan_is_refused() -> None:
    designed = planned(log(straight), added=(added("Call", "Phone"), added("Fax", "Create", lost=("Check",))))
    assert [(m.grade, m.title, m.evidence[1].statement) for m in moves(designed, "off-system")] == [
        ("refuse", "'Call' has no place in the plan", "'Phone' is not in the plan"),
        ("refuse", "'Fax' has no place in the plan", "'Check' is not in the log any more"),
    ]


def test_steps_added_in_one_place_keep_their_order_and_are_taken_back_one_by_one() -> None:
    several = tuple(added(name, "Create") for name in ("One", "Two", "Three"))
    designed = planned(log(straight), added=several)
    assert drawn(designed) == "Create <One> <Two> <Three> Check Send"
    two = next(m for m in moves(designed, "off-system") if "'Two'" in m.title)
    kept = {move.id for move in designed.plan.moves if move.accepted} - {two.id}
    assert way(with_moves(designed.plan, kept).body, "") == "Create <One> <Three> Check Send"


def test_a_part_of_the_process_has_only_what_was_added_to_it() -> None:
    both = (added("Call", "Create"), added("Post", "Send"))
    designed = planned(log(straight), added=both, activities=("Create", "Check"))
    assert "<Call>" in drawn(designed) and "Post" not in str(designed.plan.moves)


def test_history_is_replayed_without_it_and_its_time_is_not_counted_twice() -> None:
    frame = log(again)
    plain = planned(frame)
    long = planned(frame, added=(added("Call", "Create", "Check", typical=timedelta(hours=5)),))
    (step,) = [s for s in steps(long.plan.body) if s.off_system]
    assert step.expected == timedelta(hours=5)
    without = replay_plan(frame, Facts("planted"), plain.plan)
    found = replay_plan(frame, Facts("planted"), long.plan)
    assert found.fits.all() and (found.tobe_s == without.tobe_s).all()
    assert (play(long.plan.body, Model((1,), 200)).end == play(plain.plan.body, Model((1,), 200)).end).all()
    # a log of the plan's own runs has it
    ran = log(lambda case: [case.do(a) for a in ("Create", "Call", "Check", "Send")] and None)
    assert replay_plan(ran, Facts("runs"), long.plan).fits.all()


def test_what_the_log_says_of_the_step_before_still_decides() -> None:
    def story(case: Case) -> None:
        case.do("Create")
        good = case.rng.random() < 0.6
        case.do("Check", outcome="fine" if good else "broken")
        case.do("Send" if good else "Repair")

    designed = planned(log(story), added=(added("Call", "Check"),))
    (choice,) = [node for node in nodes(designed.plan.body) if isinstance(node, Choice)]
    assert (choice.by, choice.of) == ("outcome", "check")
    # what nobody logged is asked after it, and not before
    designed = planned(log(forked), added=(added("Call", "Create"),))
    first = next(node for node in nodes(designed.plan.body) if isinstance(node, Choice))
    assert first.by == "person"


def test_neighbours_are_what_comes_right_before_and_after() -> None:
    body = planned(log(skipped)).plan.body
    found = {node.id: neighbours(body)[node.id] for node in nodes(body) if isinstance(node, Step)}
    assert {i: (sorted(a.before), sorted(a.after)) for i, a in found.items()} == {
        "create": ([""], ["check", "send"]),
        "check": (["create"], ["send"]),
        "send": (["check", "create"], [""]),
    }


def test_from_the_log_to_the_plan_as_people_type_it(baton: Any, tmp_path: Path) -> None:
    source = tmp_path / "orders.csv"
    with source.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["case_id", "activity", "timestamp"])
        for number in range(300):
            begin = datetime(2024, 1, 1) + timedelta(hours=3 * number)
            for n, activity in enumerate(("Create", "Check", "Send")):
                writer.writerow([f"o{number}", activity, (begin + timedelta(minutes=7 * n)).isoformat()])
    baton("ingest", source, "--log", "orders")
    add = ("--add", "Phone the customer", "--after", "Create", "--before", "Check", "--typical", "20min")
    baton("shape", "orders", *add, "--role", "Clerk")
    baton("shape", "orders", "--rename", "Create=Create order")
    (step,) = baton("map", "orders", "--json").json["added"]
    assert (step["step"], step["after"], step["before"], step["typical_s"]) == (
        "Phone the customer", "Create order", "Check", 1200.0,
    )  # fmt: skip
    assert "not observed" in baton("map", "orders").out
    file = tmp_path / "plan.yaml"
    found = baton("plan", "orders", "-o", file, "--owner", "ada", "--json").json
    (move,) = [move for move in found["moves"] if move["move"] == "off-system"]
    assert move["title"] == "'Phone the customer' between 'Create order' and 'Check'"
    assert "added by hand by" in move["evidence"][0]["statement"]
    assert baton("backtest", file, "--json").json["coverage"] == 1.0
    # where it is unclear, the checklist says so
    baton("shape", "orders", "--add", "Sign", "--after", "Create order", "--before", "Send")
    found = baton("plan", "orders", "-o", file, "--owner", "ada", "--json").json
    (check,) = [check for check in found["checklist"] if check["check"] == "off_system"]
    assert check["value"] == 0.5 and "'Sign' has no one place in the plan" in check["note"]
    assert "--accept off-system-2" in check["note"]

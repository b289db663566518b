"""A published plan comes back as it went in, and moves are accepted and rejected in its file."""

import pytest

from home.errors import NotFound, Refused
from orchestrate.contracts import Change, Evidence, Move, Sequence
from orchestrate.plans.moves import MovesRequest, moves
from orchestrate.plans.plan_file import parse_plan, plan_text
from orchestrate.plans.publish import publish_plan
from orchestrate.plans.published import PublishedRequest, published
from tests.orchestrate.operations.plans import order_plan, plan_of, step


def test_a_published_plan_comes_back_as_it_went_in(context):
    publish_plan(context, order_plan())
    publish_plan(context, order_plan(purpose="better"))
    newest = published(context, PublishedRequest(plan="orders"))
    assert (newest.version, [v.version for v in newest.versions]) == (2, [2, 1])
    assert parse_plan(newest.content or "") == order_plan(purpose="better")
    assert published(context, PublishedRequest(plan="orders", version=1)).plan == order_plan()


def test_an_unknown_plan_is_one_clear_line(context):
    with pytest.raises(NotFound, match="No plan called 'nothing'"):
        published(context, PublishedRequest(plan="nothing"))


@pytest.fixture
def file(tmp_path):
    """A plan of two steps with a move that changes the first, and one that was refused."""
    body = Sequence(id="all", children=(step("enter"), step("ship")))
    faster = step("enter", role="robot")
    plan = plan_of(
        body,
        as_is=body,
        moves=(
            Move(
                id="m1",
                move="knobs",
                where=("enter",),
                title="Let a robot enter it",
                grade="propose",
                changes=(_replaced(faster),),
            ),
            Move(
                id="m2",
                move="parallelise",
                where=("all",),
                title="Both at once",
                grade="refuse",
                evidence=(Evidence(statement="shipping needs what entering writes"),),
            ),
        ),
    )
    path = tmp_path / "plan.yaml"
    path.write_text(plan_text(plan), encoding="utf-8")
    return path


def _replaced(node):
    return Change(node=node.id, set={"role": node.role})


def roles(found):
    return [child.role for child in found.plan.body.children]


def test_a_move_is_accepted_and_rejected_again(context, file):
    accepted = moves(context, MovesRequest(file=str(file), accept=("m1",)))
    assert roles(accepted) == ["robot", "clerk"]
    file.write_text(accepted.content or "", encoding="utf-8")
    rejected = moves(context, MovesRequest(file=str(file), reject=("m1",)))
    assert roles(rejected) == ["clerk", "clerk"]


def test_a_refused_move_stays_out(context, file):
    with pytest.raises(Refused, match="shipping needs what entering writes"):
        moves(context, MovesRequest(file=str(file), accept=("m2",)))


def test_a_named_owner_is_a_confirmed_one(context, file):
    found = moves(context, MovesRequest(file=str(file), owner="grace")).plan.owner
    assert (found.name, found.confirmed) == ("grace", True)

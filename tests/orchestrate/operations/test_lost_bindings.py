"""Publishing a file from before a binding says which step goes back to a person."""

from pathlib import Path

from home.context import Context
from orchestrate.contracts import Owner, Plan, Sequence, Step
from orchestrate.plans.bind import BindRequest, bind
from orchestrate.plans.publish import publish_plan


def test_a_binding_that_a_new_version_lacks_is_named(context: Context, tmp_path: Path) -> None:
    body = Sequence(id="all", children=(Step(id="check", name="Check"), Step(id="pay", name="Pay")))
    plan = Plan(name="orders", owner=Owner(name="ada", confirmed=True), body=body)
    publish_plan(context, plan)
    bind(context, BindRequest(plan="orders", step="pay", connector="sandbox"))
    changed = plan.model_copy(update={"purpose": "As before."})
    reasons = publish_plan(context, changed).reasons
    assert [r for r in reasons if "'Pay' was bound to 'sandbox'" in r]
    assert not [r for r in reasons if "'Check'" in r]

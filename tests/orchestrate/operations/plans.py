"""Small plans that the tests of operations run."""

from datetime import timedelta

from orchestrate.contracts import (
    Branch,
    Choice,
    Node,
    Observed,
    Owner,
    Parallel,
    Plan,
    Sequence,
    Skip,
    Sla,
    Step,
)

HOUR = 3600.0


def steady(hours: float, n: int = 400) -> tuple[float, ...]:
    """21 quantiles of a duration that varies by a tenth around `hours`."""
    return tuple(hours * HOUR * (0.9 + 0.2 * i / 20) for i in range(21))


def step(name: str, *, work: float = 1.0, wait: float = 0.0, **more: object) -> Step:
    """A step for a person that takes `work` hours after `wait` hours of waiting, as observed."""
    observed = Observed(n=400, processing_s=steady(work), waiting_s=steady(wait) if wait else ())
    fields = {"id": name, "name": name.capitalize(), "role": "clerk", "observed": observed, **more}
    return Step.model_validate(fields)


def plan_of(body: Node, *, name: str = "orders", **more: object) -> Plan:
    """A hand-written plan around `body`."""
    return Plan.model_validate({"name": name, "owner": Owner(name="ada"), "body": body, **more})


def approval(name: str = "approve", due_hours: float = 4.0, **more: object) -> Step:
    """A decision by a person, approved or rejected, with an SLA that escalates to the boss."""
    sla = Sla(due=timedelta(hours=due_hours), escalate=("boss",))
    return step(name, outcomes=("approved", "rejected"), sla=sla, **more)


def order_plan(**more: object) -> Plan:
    """Enter, check twice side by side, approve, and ship where it was approved."""
    checks = Parallel(id="checks", children=(step("stock", work=2), step("credit", work=3)))
    ship = Choice(
        id="ship-or-not",
        by="outcome",
        of="approve",
        branches=(
            Branch(name="approved", share=0.8, body=step("ship")),
            Branch(name="rejected", share=0.2, body=Skip(id="no-shipping")),
        ),
    )
    body = Sequence(id="all", children=(step("enter"), checks, approval(), ship))
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
    return plan_of(body, input=schema, **more)

"""What a sandbox is given to play: when cases begin, what they are about, and what is taken for granted."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from home.context import Context
from home.contracts import Json
from home.errors import NotFound, Refused
from ingest.catalog import Log, find_log
from orchestrate.contracts import Plan
from orchestrate.core.plan_index import breach
from orchestrate.plans.bind import steps_of
from orchestrate.proving.plainest import plainest
from orchestrate.proving.played import Case
from orchestrate.proving.twin import HELPED, without_times
from orchestrate.proving.world import World

WEEK = timedelta(weeks=1)


def sandbox_cases(context: Context, plan: Plan, world: World, count: int) -> list[Case]:
    """`count` cases of a plan; raises `Refused` where their input breaks the plan's own contract."""
    cases = [
        Case(f"{plan.name}.sim.{number:06}", begin, inputs(plan, world, number))
        for number, begin in enumerate(arrivals(context, plan, count))
    ]
    _fits(plan, cases)
    return cases


def arrivals(context: Context, plan: Plan, count: int) -> list[float]:
    """When `count` cases begin, in seconds since 1970.

    As the newest cases of the plan's log did, whole weeks later; without a log one an hour from now.
    """
    found = _begins(context, plan)
    if len(found) < 2:
        now = context.clock.now().timestamp()
        return [now + 3600.0 * number for number in range(count)]
    newest = found[-count:]
    span = (newest[-1] - newest[0]) // WEEK * WEEK + WEEK
    later = (found[-1] - newest[0]) // WEEK * WEEK + WEEK
    moments = [
        newest[number % len(newest)] + later + span * (number // len(newest)) for number in range(count)
    ]
    return [moment.replace(tzinfo=UTC).timestamp() for moment in moments]


def _begins(context: Context, plan: Plan) -> list[datetime]:
    log = mined_log(context, plan)
    if log is None:
        return []
    with context.events.cursor(log.schema) as cursor:
        return [row[0] for row in cursor.execute("select t0 from cv order by t0").fetchall()]


def mined_log(context: Context, plan: Plan) -> Log | None:
    """The log the plan was made from, where it is still there."""
    try:
        return find_log(context.events, plan.provenance.log) if plan.provenance else None
    except NotFound:
        return None


def inputs(plan: Plan, world: World, number: int) -> Json:
    """What run `number` is started with: the input of a case of the log, filled up to the contract."""
    data: Json = {}
    if plan.sample_inputs:
        data = dict(plan.sample_inputs[int(world.luck(number, "input") * len(plan.sample_inputs))])
    properties = plan.input.get("properties", {})
    for name in plan.input.get("required", ()):
        data.setdefault(name, plainest(properties.get(name, {})))
    return data


def _fits(plan: Plan, cases: Sequence[Case]) -> None:
    problem = next(filter(None, (breach(plan.input, case.data) for case in cases)), None)
    if problem:
        raise Refused(
            f"The sandbox has no input that fits the plan's own contract: {problem}.",
            hint="Give the plan `sample_inputs` that fit.",
        )


def assumptions(plan: Plan) -> Iterator[str]:
    """What a sandbox of this plan takes for granted, in sentences."""
    yield "people and systems take as long for each step as the log showed, and choose as often each way"
    yield "nobody is busier or less busy because of the plan"
    steps = list(steps_of(plan.body))
    if any(step.sla and step.sla.escalate and step.binding is None for step in steps):
        yield f"an escalation finds somebody who answers after a fresh wait in {HELPED:.0%} of cases"
    automated = [step.name for step in steps if step.binding is not None]
    if automated:
        yield f"steps done by a connector begin at once: {', '.join(automated)}"
    blank = [step.name for step in without_times(plan.body)]
    if blank:
        yield f"steps of which neither log nor author gives a time take none: {', '.join(blank)}"

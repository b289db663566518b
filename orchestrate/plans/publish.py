"""`baton publish`: checks a plan, replays its history, and makes it a version that runs can take."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from home.context import Context
from home.contracts import Argument, InputFile, Request, Response
from home.errors import NotFound, Refused, UsageError
from home.text import percent, plain
from orchestrate.contracts import Plan
from orchestrate.plans.bindings import settled
from orchestrate.plans.changes import steps
from orchestrate.plans.check import PlanRefused, check_plan
from orchestrate.plans.versions import Verdict, add_version, find_version, sha256_of
from orchestrate.records.audit import record

if TYPE_CHECKING:
    from orchestrate.proving.backtest import Backtest

BY_HAND = "hand"
"""Candidate of a plan that was not mined."""
UNTRIED = "written by hand: no history was replayed"


class GateClosed(Refused):
    """History does not bear the plan out."""

    code = "gate_closed"


class PublishRequest(Request):
    """Which plan to publish."""

    file: Annotated[str, Argument("FILE"), InputFile()]
    """A plan file."""
    override: str | None = None
    """Publish although the gate refuses, for this REASON; kept for ever. Needs --by."""
    by: str | None = None
    """Who publishes; default is the operating-system user."""


class PublishResponse(Response):
    """The published version."""

    plan: str
    version: int
    sha256: str
    """Of the plan's content, whatever the layout of its file."""
    created: bool
    """False where the newest version has just this content."""
    gate: str
    """What the backtest said: `pass`, `fail` (overridden) or `no history`."""
    reasons: list[str]
    owner: str
    owner_confirmed: bool

    def lines(self) -> Iterator[str]:
        """What was published, and what to know about it."""
        if not self.created:
            yield plain(f"{self.plan}@{self.version} has just this content; nothing was published.")
            return
        yield plain(f"Published {self.plan}@{self.version}. New runs take it; running ones stay on theirs.")
        if self.gate != "pass":
            yield f"Its gate said: {self.gate}."
        for reason in self.reasons:
            yield plain(f"  - {reason}")
        if not self.owner_confirmed:
            yield plain(f"Its owner {self.owner!r} is unconfirmed: nobody has said that they answer for it.")
        yield plain(f"Try it without consequences: `baton sandbox {self.plan} --cases 1000`")


def publish(context: Context, request: PublishRequest) -> PublishResponse:
    """Publish a plan as an immutable version.

    The plan must be sound, have an owner and pass the backtest on the log it was made from; a failed
    gate is published only with `--override REASON --by WHO`, and both are kept. A plan that was
    written by hand has no history to fail on and is published as such. The same content again is
    the same version.
    """
    from orchestrate.plans.plan_file import read_plan

    return publish_plan(context, read_plan(request.file), override=request.override, by=request.by)


def publish_plan(
    context: Context, plan: Plan, *, override: str | None = None, by: str | None = None
) -> PublishResponse:
    """`publish` for a plan that was read already. Raises `Refused` or `GateClosed`."""
    if override is not None and (not override.strip() or not by):
        raise UsageError("An override needs a reason and a name.", hint="--override REASON --by WHO")
    plan = settled(context, plan)
    checked = check_plan(plan, lambda: context.state)
    if checked.problems:
        raise PlanRefused(checked)
    same = _published_already(context, plan)
    if same is not None:
        return same
    verdict = _gate(context, plan, override, by)
    unbound = _unbound(context, plan)
    who = by or context.actor
    with context.state.transaction() as connection:
        at = context.clock.now()
        version, created = add_version(connection, plan, verdict, at=at, by=who)
        if created:
            detail = {"sha256": sha256_of(plan), "gate": verdict.gate, "reasons": list(verdict.reasons)}
            subject = f"{plan.name}@{version}"
            record(connection, at=at, actor=who, action="publish", subject=subject, **detail)
            if override is not None and verdict.override_reason is not None:
                record(connection, at=at, actor=who, action="override", subject=subject, reason=override)
    return PublishResponse(
        plan=plan.name,
        version=version,
        sha256=sha256_of(plan),
        created=created,
        gate=verdict.gate,
        reasons=[*verdict.reasons, *unbound],
        owner=plan.owner.name,
        owner_confirmed=plan.owner.confirmed,
    )


def _unbound(context: Context, plan: Plan) -> list[str]:
    """Steps that a connector does in the newest version and nobody but a person would do in this one."""
    try:
        before = find_version(context.state, plan.name).plan
    except NotFound:
        return []
    now = {step.id: step for step in steps(plan.body)}
    return [
        f"{step.name!r} was bound to {step.binding.connector!r} and is a task for a person in this version:"
        f" `baton bind {plan.name} {step.id} {step.binding.connector}` binds it again"
        for step in steps(before.body)
        if step.binding is not None and step.id in now and now[step.id].binding is None
    ]


def _published_already(context: Context, plan: Plan) -> PublishResponse | None:
    try:
        newest = find_version(context.state, plan.name)
    except NotFound:
        return None
    if newest.sha256 != sha256_of(plan):
        return None
    return PublishResponse(
        plan=plan.name,
        version=newest.version,
        sha256=newest.sha256,
        created=False,
        gate=newest.gate,
        reasons=list(newest.reasons),
        owner=plan.owner.name,
        owner_confirmed=plan.owner.confirmed,
    )


def _gate(context: Context, plan: Plan, override: str | None, by: str | None) -> Verdict:
    from orchestrate.proving.backtest import backtest_plan

    if plan.provenance is None:
        return Verdict("no history", (UNTRIED,))
    found = backtest_plan(context, plan)
    if found.gate == "pass":
        return Verdict("pass", (_summary(found), *found.reasons))
    if found.gate == "no history" and plan.provenance.candidate == BY_HAND:
        return Verdict("no history", (UNTRIED, *found.reasons))
    reasons = found.reasons or (f"the log {plan.provenance.log!r} is not there to replay",)
    if override is None:
        raise GateClosed(
            f"Plan {plan.name!r} did not pass its gate: {'; '.join(reasons)}.",
            hint="Change the plan, or publish with --override REASON --by WHO.",
        )
    return Verdict(found.gate, tuple(reasons), override.strip(), by)


def _summary(found: "Backtest") -> str:
    return (
        f"{found.cases:,} finished cases of {found.log!r} replayed: coverage {percent(found.coverage)},"
        f" manual queue {percent(found.manual_share)}"
    )

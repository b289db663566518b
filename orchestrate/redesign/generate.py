"""`baton plan`: turns a candidate into a to-be plan with evidence, or says what to plan instead."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from home.clock import Clock
from home.context import Context
from home.contracts import Argument, Contract, FileResponse, Option, OutputFile, Request, utc_text
from home.errors import Refused
from home.text import duration, percent, plain, table
from ingest.quality.contracts import WORSE, Check, Gate
from orchestrate.contracts import Choice, Evidence, Loop, Owner, deciders

if TYPE_CHECKING:
    from ingest.catalog import Log
    from orchestrate.redesign.design import Designed


WORTH_SAYING_S = 60.0


class PlanRequest(Request):
    """What to plan, and who answers for it."""

    candidate: Annotated[str, Argument("CANDIDATE")]
    """Id of a candidate, or the name of a log for its whole process; `baton candidates` lists them."""
    owner: str | None = None
    """Who answers for the plan; default is the operating-system user, marked unconfirmed."""
    name: str | None = None
    """Name of the plan; default is made from the candidate's."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Where to write the plan."""


class ChoiceFound(Contract):
    """How one choice or loop is decided."""

    where: str
    """Id of the node."""
    kind: str
    """`default`, `history`, `rule`, `outcome`, `event` or `person`."""
    share: float
    """Share of the cases that come to it."""
    shares: dict[str, float]
    """How often each way is taken."""
    rule: str | None = None
    accuracy: float | None = None
    """Share of later decisions that the rule puts where they went."""
    majority: float | None = None
    """What always taking the commonest way gets right."""


class MoveFound(Contract):
    """One redesign move."""

    id: str
    move: str
    where: tuple[str, ...]
    title: str
    grade: Literal["apply", "propose", "refuse"]
    accepted: bool
    support: float | None
    gain_s: float | None
    """Expected seconds of cycle time saved per case."""
    evidence: tuple[Evidence, ...]


class Planned(FileResponse):
    """The verdict on a candidate, and the plan."""

    plan: str
    """Name of the plan."""
    candidate: str
    verdict: Literal["plan", "pilot", "refuse"]
    """The worse of what the process allows and what the quality of its log allows."""
    quality: Literal["pass", "pilot", "refuse"]
    """The quality gate of the log; `baton quality LOG` says more."""
    checklist: tuple[Check, ...]
    """What the quality gate looked at."""
    coverage: float
    """Share of finished cases that the plan can take exactly."""
    precision: float
    cases: int
    """Finished cases it was made from."""
    left_out: dict[str, int]
    floating: tuple[str, ...]
    """Activities that happen at any time, proposed beside the plan."""
    steps: int
    choices: tuple[ChoiceFound, ...]
    moves: tuple[MoveFound, ...]
    blocks: tuple[str, ...] = ()
    """Where the whole is refused: candidates that can be planned instead."""
    owner: str
    owner_confirmed: bool

    def lines(self) -> Iterator[str]:
        """Verdict, choices, and moves with their evidence."""
        words = {
            "plan": "can be planned",
            "pilot": "pilot it first",
            "refuse": "too varied to plan whole",
        }
        if self.quality == "refuse":
            words["refuse"] = "its log is not good enough to plan from"
        yield plain(
            f"{self.candidate}: {words[self.verdict]}. The tree accepts {percent(self.coverage)} of "
            f"{self.cases:,} cases exactly, at precision {self.precision:.2f}."
        )
        told = Gate(verdict=self.quality, checks=self.checklist).told
        yield from (plain(f"  {check.effect}: {check.note}") for check in told)
        if not told:
            yield f"  checked: its log passes all {len(self.checklist)} checks of quality"
        for reason, n in self.left_out.items():
            if n:
                yield f"{n:,} cases left out: {reason}."
        if self.floating:
            yield plain(f"At any time, beside the plan: {', '.join(self.floating)}.")
        if self.verdict == "refuse":
            if self.quality != "refuse":
                yield plain(
                    f"Worth planning instead: {', '.join(self.blocks) or 'nothing found; try --where'}"
                )
            return
        yield ""
        rows = [
            {
                "choice": c.where,
                "by": c.kind,
                "cases": percent(c.share),
                "rule": c.rule,
                "accuracy": c.accuracy,
            }
            for c in self.choices
        ]
        yield from table(rows)
        yield ""
        for move in self.moves:
            saved = move.gain_s or 0.0
            gain = f", saves {duration(saved)} per case on average" if saved >= WORTH_SAYING_S else ""
            left_out = move.grade == "apply" and not move.accepted
            aside = " (left out: elsewhere than this candidate)" if left_out else ""
            yield plain(f"{move.grade:<8} {move.move}: {move.title}{gain}{aside}")
            yield from (plain(f"           {e.statement}") for e in move.evidence[:2])
        if self.path:
            yield plain(f"Written to {self.path}. Next: `baton backtest {self.path}`.")
        if not self.owner_confirmed:
            yield plain(f"Owner: {self.owner}, unconfirmed; name one with --owner.")


class Unplannable(Refused):
    """A process is too varied to be planned as a whole, or its log too poor; `report` says what can be."""

    code = "unplannable"

    def __init__(self, report: Planned) -> None:
        instead = ", ".join(report.blocks[:3])
        self.report = report
        if report.quality == "refuse":
            log = report.candidate.partition(":")[0]
            why = " ".join(check.note for check in report.checklist if check.verdict == "refuse")
            super().__init__(
                f"The log of {report.candidate!r} is not good enough to plan from: {why}",
                hint=f"`baton quality {log}` says what to do about it.",
            )
            return
        super().__init__(
            f"{report.candidate!r} is too varied to plan: a precise tree accepts only "
            f"{percent(report.coverage)} of its {report.cases:,} cases.",
            hint=f"Plan a part of it: {instead}." if instead else "See `baton candidates` for parts of it.",
        )


def plan(context: Context, request: PlanRequest) -> Planned:
    """Make a to-be plan from a candidate.

    The process tree is grown from the finished cases since the process last changed; every choice gets
    a named kind; each redesign move is applied, proposed or refused with its evidence. The quality gate
    of the log can lower the verdict to a pilot or refuse it, with the reason. Exit code 1 where the
    process is too varied, with the parts of it that can be planned, or its log too poor.
    """
    made = design_candidate(context, request.candidate, owner=request.owner, name=request.name)
    made, gate = _lowered(context, made)
    found = report(made, gate, blocks=())
    if found.verdict == "refuse":
        if gate.verdict == "refuse":
            raise Unplannable(found)
        context.job.progress(0.9, "looking for parts that can be planned")
        raise Unplannable(report(made, gate, blocks=_blocks(context, made)))
    from orchestrate.plans.plan_file import plan_text

    return found.model_copy(update={"content": plan_text(made.plan)})


def design_candidate(
    context: Context, candidate: str, *, owner: str | None = None, name: str | None = None
) -> "Designed":
    """Read a candidate's cases and design its plan."""
    from ingest.shape import added
    from mining.instances import instances
    from mining.lens import lens
    from orchestrate.redesign.design import design
    from orchestrate.redesign.history import Facts

    scope = find_scope(context, candidate)
    log = scope.log
    context.job.progress(0.05, f"reading {log.name}")
    with lens(context, log.name, where=scope.where) as view:
        frame = instances(view.some().cursor)
        by_hand = added(view.cursor)
    facts = Facts(
        log=log.name,
        log_hash=log.hash,
        tz=log.tz,
        timed=log.timed,
        candidate=candidate,
        where=scope.where,
        changed=True,
        activities=scope.part,
        focus=scope.focus,
        added=by_hand,
    )
    context.job.progress(0.3, "growing the process tree and looking for moves")
    by = Owner(name=owner or context.actor, confirmed=owner is not None)
    return context.compute(design, frame, facts, by, name=name or "", mined_at=_now(context.clock))


def _now(clock: Clock) -> str:
    return utc_text(clock.now())


@dataclass(frozen=True)
class Scope:
    """What a candidate is about."""

    log: "Log"
    part: tuple[str, ...] | None = None
    """Activities of a block, which is planned by itself; None plans the whole process."""
    focus: tuple[str, ...] | None = None
    """Activities that moves are limited to, for a handoff or a rework loop."""
    where: str | None = None


def find_scope(context: Context, candidate: str) -> Scope:
    """What a candidate is about: `LOG` and `LOG:process` are the whole process, others are looked up."""
    from ingest.catalog import all_logs, find_log
    from mining.candidates import find_candidate

    names = {log.name for log in all_logs(context.events)}
    whole = candidate.removesuffix(":process")
    if whole in names or ":" not in candidate:
        return Scope(find_log(context.events, whole))
    found = find_candidate(context, candidate)
    activities = tuple(found.activities)
    return Scope(
        find_log(context.events, found.log),
        part=activities if found.kind == "block" else None,
        focus=activities if found.kind in ("handoff", "loop") else None,
        where=found.condition,
    )


def _blocks(context: Context, made: "Designed") -> tuple[str, ...]:
    """Ids of plannable parts of a refused process."""
    from mining.candidates import plannable_blocks

    provenance = made.plan.provenance
    return tuple(plannable_blocks(context, provenance.log)) if provenance else ()


def _lowered(context: Context, made: "Designed") -> tuple["Designed", Gate]:
    """The design with the verdict that its log's quality leaves, and the gate that was asked."""
    from ingest.quality.command import quality_gate

    provenance = made.plan.provenance
    assert provenance is not None  # noqa: S101 - design always says where a plan came from
    gate = quality_gate(context, provenance.log)
    verdicts: tuple[Literal["plan", "pilot", "refuse"], ...] = ("plan", "pilot", "refuse")
    worse = max(verdicts.index(provenance.verdict or "plan"), WORSE.index(gate.verdict))
    told = provenance.model_copy(update={"verdict": verdicts[worse]})
    return replace(made, plan=made.plan.model_copy(update={"provenance": told})), gate


def report(made: "Designed", gate: Gate, blocks: tuple[str, ...]) -> Planned:
    """What is said of a designed plan."""
    from orchestrate.plans.changes import steps
    from orchestrate.plans.check import nodes

    plan = made.plan
    provenance = plan.provenance
    assert provenance is not None  # noqa: S101 - design always says where a plan came from
    return Planned(
        plan=plan.name,
        candidate=provenance.candidate,
        verdict=provenance.verdict or "plan",
        quality=gate.verdict,
        checklist=(*gate.checks, *_by_hand(made)),
        coverage=provenance.coverage or 0.0,
        precision=provenance.precision or 0.0,
        cases=made.cases,
        left_out=made.left_out,
        floating=tuple(step.name for step in plan.side),
        steps=len(steps(plan.body)),
        choices=tuple(_choice(n, made.reach) for n in nodes(plan.body) if isinstance(n, Choice | Loop)),
        moves=tuple(MoveFound(**{f: getattr(m, f) for f in MoveFound.model_fields}) for m in plan.moves),
        blocks=blocks,
        owner=plan.owner.name,
        owner_confirmed=plan.owner.confirmed,
    )


def _by_hand(made: "Designed") -> Iterator[Check]:
    """Whether each step that people added to the log has its place in the plan; nothing is guessed."""
    from orchestrate.redesign.off_system import names_of

    known = names_of(made.plan.moves)
    if not known:
        return
    said = []
    for name, moves in known.items():
        first = moves[0]
        if first.grade == "refuse":
            said.append(f"{first.title}: {first.evidence[1].statement}")
        elif first.grade == "propose":
            ways = " or ".join(f"--accept {m.id} ({m.title.removeprefix(repr(name)).strip()})" for m in moves)
            said.append(f"{name!r} has no one place in the plan: {first.evidence[1].statement}; {ways}")
    yield Check(
        check="off_system",
        words="Do the steps that were added by hand have one place in the plan?",
        value=round(1 - len(said) / len(known), 4),
        verdict="pass",
        note=". ".join(said),
    )


def _choice(node: Choice | Loop, reach: dict[str, float]) -> ChoiceFound:
    if isinstance(node, Choice):
        shares = {branch.name: branch.share for branch in node.branches}
        rules = [f"{b.name}: {b.when}" for b in node.branches if b.when]
    else:
        shares = {"again": node.share_again, "on": round(1 - node.share_again, 4)}
        rules = [f"again: {node.again}"] if node.again else []
    if node.by == "outcome":
        rules = [f"the outcome of {' or '.join(deciders(node))}"]
    return ChoiceFound(
        where=node.id,
        kind=node.by,
        share=round(reach.get(node.id, 0.0), 4),
        shares=shares,
        rule="; ".join(rules) or None,
        accuracy=node.accuracy,
        majority=node.majority,
    )

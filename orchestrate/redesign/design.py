"""From the history of a candidate to a to-be plan: as-is tree, decisions, moves, inputs."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd

from mining.causes import CAUSES, waiting_causes
from orchestrate.contracts import Choice, Loop, Move, Node, Owner, Plan, Provenance, Step
from orchestrate.plans.changes import changed, find_node, rewritten, steps
from orchestrate.plans.check import nodes
from orchestrate.redesign import (
    approval_sla,
    bound_rework,
    decision_rule,
    float_beside,
    knobs,
    manual_queue,
    merge_outcomes,
    off_system,
    parallelise,
    unbatch,
)
from orchestrate.redesign.as_is import Times, draw, make_step, observed, seconds, slug
from orchestrate.redesign.decisions import Found, decide
from orchestrate.redesign.draft import Draft, Look
from orchestrate.redesign.history import Facts, History, read_history
from orchestrate.redesign.inputs import Inputs, inputs_for, with_output
from orchestrate.redesign.spoken import say_next
from orchestrate.redesign.workers import worker

MOVES: tuple[Look, ...] = (
    merge_outcomes.look,
    float_beside.look,
    parallelise.look,
    approval_sla.look,
    unbatch.look,
    knobs.look,
    bound_rework.look,
    manual_queue.look,
    # After the others: it renames branches after outcomes, and leaves out what went to the manual queue.
    decision_rule.look,
    off_system.look,
)
EVERYWHERE = frozenset({"merge-outcomes", "floating", "knobs", "off-system"})
"""Moves that say how a plan is written rather than what becomes different."""
MOST_CAUSED = 400_000
"""Instances up to which the causes of waiting are computed for a plan."""
BATON = "0.1"


@dataclass(frozen=True)
class Designed:
    """A plan, and what was found on the way."""

    plan: Plan
    found: tuple[Found, ...]
    cases: int
    """Finished cases that were looked at."""
    left_out: dict[str, int]
    reach: dict[str, float]
    """Share of cases that meet each choice or loop."""


def design(
    frame: pd.DataFrame, facts: Facts, owner: Owner, *, name: str = "", mined_at: str = ""
) -> Designed:
    """Design the to-be plan of a log's instances (as `mining.instances` gives them). Pure and repeatable."""
    history = read_history(frame, facts)
    as_is = draw(history)
    decided = {node.id: node for node in nodes(as_is.body) if isinstance(node, Choice | Loop)}
    found = decide(history, as_is, decided)
    draft = Draft(history, as_is, as_is.body, found, causes_of(frame, history))
    moves: list[Move] = []
    for look in MOVES:
        proposed = [within(move, as_is.body, facts.focus) for move in look(draft)]
        moves.extend(proposed)
        body = changed(draft.body, (c for m in proposed if m.accepted for c in m.changes))
        draft = replace(draft, body=body)
    draft = replace(draft, body=say_next(draft.body))
    inputs = inputs_for(history, _fields(draft.body, found))
    grown = history.grown
    cycle = history.cycle_s()
    plan = Plan(
        name=name or slug(facts.candidate.removesuffix(":process") or facts.log) or "plan",
        purpose=f"As {grown.coverage:.0%} of {history.cases:,} cases of {facts.log!r} went.",
        owner=owner,
        provenance=Provenance(
            log=facts.log,
            log_hash=facts.log_hash,
            candidate=facts.candidate or facts.log,
            part=facts.activities is not None,
            where=facts.where,
            since=history.facts.since,
            mined_at=mined_at,
            baton=BATON,
            coverage=round(grown.coverage, 4),
            precision=round(grown.precision, 4),
            verdict=grown.verdict,
        ),
        input=inputs.schema,
        body=_with_outputs(history, draft, inputs),
        side=_side(history),
        expected=seconds(float(np.median(cycle))) if len(cycle) else timedelta(days=1),
        as_is=as_is.body,
        moves=tuple(moves),
        sample_inputs=inputs.samples,
    )
    reach = {
        identity: len(np.unique(taken.case)) / max(history.fitting, 1)
        for identity, taken in as_is.taken.items()
    }
    return Designed(plan, tuple(found.values()), history.cases, history.left_out, reach)


def within(move: Move, as_is: Node, focus: tuple[str, ...] | None) -> Move:
    """The move, not accepted where it touches nothing of what the candidate is about."""
    if focus is None or not move.accepted or move.move in EVERYWHERE:
        return move
    touched = (node for identity in move.where if (node := find_node(as_is, identity)) is not None)
    if any(step.name in focus for node in touched for step in steps(node)):
        return move
    return move.model_copy(update={"accepted": False})


def causes_of(frame: pd.DataFrame, history: History) -> pd.DataFrame | None:
    """Seconds of waiting by cause for each row of the history; None for logs that are too large.

    Computed on everything that was read: other cases keep people busy, too.
    """
    if len(frame) > MOST_CAUSED:
        return None
    table = frame[["case", "activity", "resource", "start", "end"]].assign(row=np.arange(len(frame)))
    caused = waiting_causes(table, tz=history.facts.tz).set_index("row")
    return caused.loc[history.frame["row"], list(CAUSES)].reset_index(drop=True)


def _fields(body: Node, found: dict[str, Found]) -> frozenset[str]:
    """Attributes that the rules of the plan ask about."""
    left = {node.id: node for node in nodes(body)}
    return frozenset(
        field
        for identity, decision in found.items()
        if decision.by == "rule" and decision.rule is not None and _by_rule(left.get(identity))
        for field in decision.rule.fields
    )


def _by_rule(node: Node | None) -> bool:
    return isinstance(node, Choice | Loop) and node.by == "rule"


def _with_outputs(history: History, draft: Draft, inputs: Inputs) -> Node:
    def edit(node: Node) -> Node:
        if isinstance(node, Step) and node.name in inputs.written:
            return with_output(history, node, inputs.written[node.name], draft.as_is.times[node.name].row)
        return node

    return rewritten(draft.body, edit) if inputs.written else draft.body


def _side(history: History) -> tuple[Step, ...]:
    """Steps for floating activities."""
    found: list[Step] = []
    for activity in history.grown.floating:
        own = history.side[history.side["activity"] == activity]
        processing = np.asarray((own["end"] - own["start"]).dt.total_seconds(), dtype=np.float64)
        times = Times(np.zeros(0, dtype=np.int64), np.zeros(len(own)), processing)
        step = make_step(history, activity, f"side-{slug(activity) or len(found)}", times, worker(own))
        seen = observed(history, times).model_copy(update={"n": len(own)})
        share = own["case"].nunique() / max(history.cases, 1)
        purpose = f"Happens at any time, in {share:.0%} of cases; never waited for."
        found.append(step.model_copy(update={"observed": seen, "purpose": purpose}))
    return tuple(found)

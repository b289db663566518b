"""Approvals with an SLA: a due time from history, a reminder, and somebody else when the approver is away."""

import re

import numpy as np
from pydantic import TypeAdapter

from home.text import duration, percent
from orchestrate.contracts import Change, Evidence, Move, Sla, Step
from orchestrate.redesign.as_is import SKIP, slug
from orchestrate.redesign.bounds import nice, upper_percentile
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.history import Floats

APPROVAL = re.compile(
    r"\b(approv|authori[sz]|reject|decid|decision|review|check|verif|validat|confirm|assess|sign\b|four.eyes)",
    re.IGNORECASE,
)
AWAY_S = 16 * 3600.0
"""Mean seconds of unavailability that nights and weekends alone do not explain."""
MOSTLY = 0.3
"""Share of the waiting that is unavailability, from which a deputy helps."""
LEAST_S = 900.0
"""Steps decided faster than this need no SLA."""
MOST_DEPUTIES = 2
OFTEN = 5
_SLA: TypeAdapter[Sla] = TypeAdapter(Sla)


def look(draft: Draft) -> list[Move]:
    """An SLA with escalation for every approval-like step of people."""
    found = [
        _move(draft, step)
        for step in draft.steps()
        if step.does == "human" and not draft.as_is.workers[step.name].outside
        and (step.outcomes or APPROVAL.search(step.name))
    ]  # fmt: skip
    return [move for move in found if move is not None]


def _move(draft: Draft, step: Step) -> Move | None:
    times = draft.as_is.times[step.name]
    total = times.total_s
    away = draft.caused(step.name, "unavailability")
    deputies = away is not None and draft.history.facts.timed and _waits_for_absent(away, times.waiting_s)
    available = np.maximum(total - away, 0.0) if deputies and away is not None else total
    bound = upper_percentile(available)
    if bound is None:
        statement = (
            f"only {len(total)} observations; at least 60 are needed for a bound on the 95th percentile"
        )
        return _refused(step, statement, len(total))
    if bound < LEAST_S:
        return None
    due = nice(bound)
    chain = _chain(draft, step, named=deputies)
    sla = Sla(due=due, remind=due / 2, escalate=chain)
    typical = float(np.median(available))
    saved = np.maximum(total - due.total_seconds() - typical, 0.0)
    gain_s = float(saved.sum()) / max(draft.history.fitting, 1)
    when = " while somebody is there" if deputies else ""
    statement = f"95 % of them are decided within {duration(bound)}{when} (upper 95 % confidence bound)"
    evidence = [
        Evidence(statement=statement, n=len(total), value=round(bound, 1), high=round(bound, 1), unit="s")
    ]
    if deputies and away is not None:
        share = float(away.sum() / max(times.waiting_s.sum(), 1e-9))
        mean = duration(float(away.mean()))
        text = f"{percent(share)} of its waiting is nobody being there, {mean} on average: deputies take over"
        evidence.append(Evidence(statement=text, n=len(away), value=round(float(away.mean()), 1), unit="s"))
    return Move(
        id=f"sla-{step.id}",
        move="approval-sla",
        where=(step.id,),
        title=f"{step.name}: due after {duration(due.total_seconds())}, then {', '.join(chain)}",
        grade="apply",
        accepted=True,
        support=float(len(total)),
        gain_s=round(gain_s, 1),
        evidence=tuple(evidence),
        changes=(Change(node=step.id, set={"sla": _SLA.dump_python(sla, mode="json")}),),
    )


def _waits_for_absent(away_s: Floats, waiting_s: Floats) -> bool:
    return bool(away_s.mean() >= AWAY_S and away_s.sum() >= MOSTLY * max(waiting_s.sum(), 1e-9))


def _chain(draft: Draft, step: Step, *, named: bool) -> tuple[str, ...]:
    """Who gets it next: where its doer is away those who also do it, else a supervisor."""
    who = draft.history.frame["resource"].iloc[draft.as_is.times[step.name].row].dropna().astype(str)
    others = who.value_counts()
    others = others[others >= OFTEN].iloc[1:]
    deputies = [f"person:{name}" for name in others.index[:MOST_DEPUTIES]] if named else []
    role = step.role or f"deputy-{slug(step.name) or SKIP}"
    return tuple(deputies) or ((f"deputy of {role}",) if named else ("supervisor",))


def _refused(step: Step, statement: str, n: int) -> Move:
    return Move(
        id=f"sla-{step.id}",
        move="approval-sla",
        where=(step.id,),
        title=f"{step.name}: no SLA yet",
        grade="refuse",
        support=float(n),
        evidence=(Evidence(statement=statement, n=n),),
    )

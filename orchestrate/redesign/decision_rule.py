"""Decision rules: choices that history decides alike are decided by what decides them."""

from typing import Any

from orchestrate.contracts import Change, Choice, Evidence, Loop, Move
from orchestrate.plans.check import nodes
from orchestrate.redesign.decisions import CODIFIABLE, SIGNIFICANT, Found
from orchestrate.redesign.draft import Draft
from orchestrate.redesign.rule_mining import MinedRule
from orchestrate.redesign.words import by_rule
from orchestrate.redesign.words import decision as decided


def look(draft: Draft) -> list[Move]:
    """One move for each choice and loop that need not stay a person's, and why the others do."""
    found: list[Move] = []
    left = {node.id for node in nodes(draft.body)}
    for node in draft.decided():
        decision = draft.found.get(node.id)
        if decision is not None and node.id in left:
            move = _move(node, decision)
            if move is not None:
                found.append(move)
    return found


def _move(node: Choice | Loop, decision: Found) -> Move | None:
    if decision.by == "person":
        return _refused(node, decision)
    fields: dict[str, Any] = {"by": decision.by, "question": ""}
    title = f"{decided(node)}: {decision.by}"
    evidence = decision.evidence
    if decision.by == "default":
        names = _names(node)
        most = max(range(len(names)), key=lambda i: decision.shares[i])
        title = f"{decided(node)}: always {names[most]!r}"
        statement = f"{decision.shares[most]:.1%} of {decision.n:,} decisions go this way"
        evidence = (Evidence(statement=statement, n=decision.n, value=decision.shares[most], unit="share"),)
    elif decision.by == "outcome":
        fields |= _by_outcome(node, decision)
        title = f"{decided(node)}: by the outcome of {decision.of!r}"
        if not fields:
            return None
    elif decision.by == "event":
        fields["question"] = node.question
        title = f"{decided(node)}: whatever comes first from outside"
    elif decision.rule is not None:
        fields |= _by_rule(node, decision.rule)
        title = by_rule(node, decision.rule)
        evidence = (_accuracy(decision.rule), *decision.evidence)
    return Move(
        id=f"decide-{node.id}",
        move="decision-rule",
        where=(node.id,),
        title=title,
        grade="apply",
        accepted=True,
        support=float(decision.n),
        evidence=evidence,
        changes=(Change(node=node.id, set=fields),),
    )


def _names(node: Choice | Loop) -> list[str]:
    """Branches by number; of a loop, going on (0) and going round (1)."""
    return [branch.name for branch in node.branches] if isinstance(node, Choice) else ["on", "again"]


def _by_rule(node: Choice | Loop, rule: MinedRule) -> dict[str, Any]:
    measures = {"accuracy": round(rule.accuracy, 4), "majority": round(rule.majority, 4)}
    if isinstance(node, Loop):
        again = rule.when.get(1)
        if again is None:
            again = f"!({rule.when[0]})"
        return {"again": again, **measures}
    names = _names(node)
    return {"branches": {names[i]: {"when": when} for i, when in rule.when.items()}, **measures}


def _by_outcome(node: Choice | Loop, decision: Found) -> dict[str, Any]:
    """Branches are renamed to the outcomes that take them; one with several outcomes goes by a rule."""
    outcomes = decision.outcomes or {}
    if isinstance(node, Loop):
        return {"of": decision.of, "again_outcomes": list(outcomes.get(1, ()))}
    names = _names(node)
    if all(len(outcomes.get(i, ())) == 1 for i in range(len(names))):
        return {
            "of": decision.of,
            "branches": {names[i]: {"name": outcomes[i][0]} for i in range(len(names))},
        }
    when = {
        names[i]: {"when": " || ".join(f'outcome["{decision.of}"] == "{o}"' for o in outcomes[i])}
        for i in outcomes
    }
    return {"by": "history", "branches": when}


def _accuracy(rule: MinedRule) -> Evidence:
    about = f" from {', '.join(rule.fields)}" if rule.fields else " from what was done before"
    statement = (
        f"a rule{about} puts {rule.accuracy:.1%} of later decisions where they went "
        f"(always the commonest way: {rule.majority:.1%}); {rule.undecided:.1%} stay with a person"
    )
    return Evidence(statement=statement, n=rule.n, value=round(rule.accuracy, 4), unit="share", p=rule.p)


def _refused(node: Choice | Loop, decision: Found) -> Move:
    rule = decision.rule
    names = _names(node)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, decision.shares, strict=False))
    if rule is None:
        statement = f"nothing in the log predicts it; a person decides ({shares})"
    elif rule.p >= SIGNIFICANT or rule.predicted <= rule.majority:
        statement = f"no rule does better on later cases than the commonest way; a person decides ({shares})"
    elif rule.predicted < CODIFIABLE:
        statement = (
            f"hard to codify: the best rule is right in {rule.predicted:.0%} of later decisions ({shares})"
        )
    else:
        statement = (
            f"the best rule is right in {rule.predicted:.0%} of later decisions, but sure of itself in only "
            f"{1 - rule.undecided:.0%}; a person decides ({shares})"
        )
    evidence = Evidence(statement=statement, n=decision.n, p=rule.p if rule else None)
    return Move(
        id=f"decide-{node.id}",
        move="decision-rule",
        where=(node.id,),
        title=f"{decided(node)}: no rule, people say",
        grade="refuse",
        support=float(decision.n),
        evidence=(evidence,),
    )

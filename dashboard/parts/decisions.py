"""How each choice and loop of a plan is decided, in words."""

from typing import Any

import streamlit as st

from dashboard.parts.plain import literal
from home.text import percent
from orchestrate.contracts import deciders
from orchestrate.plans.check import nodes

BY = {
    "default": "always the same way",
    "history": "by what was done before",
    "rule": "by a rule",
    "outcome": "by the outcome of a step",
    "event": "by what happens first",
    "person": "a person decides",
}


def decisions(plan: Any) -> None:
    """One line per choice: who or what decides, how often each way was taken, how right a rule is."""
    rows = [_row(node) for node in nodes(plan.body) if node.kind in ("choice", "loop")]
    if not rows:
        return
    st.subheader("How each choice is decided")
    st.table(rows, border="horizontal", hide_index=True)


def _row(node: Any) -> dict[str, str]:
    if node.kind == "choice":
        ways = ", ".join(f"{branch.name} {percent(branch.share)}" for branch in node.branches)
        rule = "; ".join(f"{branch.name} if {branch.when}" for branch in node.branches if branch.when)
    else:
        ways = f"again {percent(node.share_again)}, at most {node.max_visits} times"
        rule = f"again if {node.again}" if node.again else ""
    if node.by == "outcome":
        rule = f"the outcome of {' or '.join(deciders(node))}"
    right = f"{percent(node.accuracy)} right on later cases" if node.accuracy is not None else ""
    if right and node.majority is not None:
        right += f" (always the commonest: {percent(node.majority)})"
    return {
        "Choice": literal(node.question or node.id, longest=120),
        "Decided": BY[node.by],
        "Ways taken": literal(ways, longest=200),
        "Rule": literal(rule, longest=200),
        "How right": right,
    }

"""Where cases went from each step: the ways they took at the choices that came next, and how often."""

import numpy as np
import pandas as pd

from orchestrate.contracts import Choice, Loop, Next, Node, Step
from orchestrate.plans.changes import rewritten
from orchestrate.plans.check import nodes
from orchestrate.redesign.history import History, Ints, Taken


def with_next(history: History, body: Node, taken: dict[str, Taken], rows: dict[str, Ints]) -> Node:
    """The tree with what the log showed of the choices right after each step.

    `taken` are the decisions by choice and loop, `rows` the rows of each activity in `history.frame`.
    """
    table = ways_by_row(history, body, taken)

    def edit(node: Node) -> Node:
        if not isinstance(node, Step) or node.name not in rows or node.observed is None:
            return node
        seen = what_next(table.iloc[rows[node.name]])
        return node.model_copy(update={"observed": node.observed.model_copy(update={"next": seen})})

    return rewritten(body, edit)


def ways_by_row(history: History, body: Node, taken: dict[str, Taken]) -> pd.DataFrame:
    """One row per row of `history.frame`: the way taken at each choice and loop right after it, or none;
    and `outcome`."""
    found: dict[str, object] = {}
    for node in nodes(body):
        if isinstance(node, Choice | Loop) and node.id in taken:
            names = [b.name for b in node.branches] if isinstance(node, Choice) else ["on", "again"]
            known = taken[node.id]
            ways = np.full(len(history.frame), None, dtype=object)
            ways[known.row[known.begun]] = np.array(names, dtype=object)[known.branch[known.begun]]
            found[node.id] = ways
    return pd.DataFrame(found | {"outcome": history.frame["outcome"].to_numpy(object)})


def what_next(ways: pd.DataFrame) -> tuple[Next, ...]:
    """The ways of these rows of `ways_by_row`, the commonest first; rows before no choice are left out."""
    decided = ways.drop(columns="outcome").dropna(axis="columns", how="all")
    met = decided.notna().any(axis="columns").to_numpy()
    total = int(met.sum())
    if not total:
        return ()
    known, outcome = decided[met].fillna(""), ways["outcome"][met]
    return tuple(
        Next(
            ways={str(node): way for node, way in known.loc[rows[0]].items() if way},
            share=round(len(rows) / total, 6),
            words={
                str(word): round(float(share), 4)
                for word, share in outcome[rows].value_counts(normalize=True).items()
            },
        )
        for rows in sorted(known.groupby(list(known.columns)).groups.values(), key=len, reverse=True)
    )

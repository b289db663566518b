"""How every choice is decided: by default, by what was done before, by a rule on data, or by a person."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from orchestrate.contracts import Choice, Evidence, Loop
from orchestrate.core.rules import field_of, has_field
from orchestrate.redesign.as_is import AsIs
from orchestrate.redesign.history import NOT_ATTRIBUTES, History, Taken
from orchestrate.redesign.rule_mining import Feature, MinedRule, mine_rule
from orchestrate.redesign.workers import ROLE_COLUMNS

DEFAULT = 0.99
"""Share of one branch from which the choice is no choice."""
SIGNIFICANT = 0.01
BETTER = 0.02
"""What a rule must get right beyond the commonest branch."""
CODIFIABLE = 0.75
"""Below this share of later decisions right, a rule is not worth writing down."""
HISTORY = 0.95
"""What a rule over steps already done must get right."""
UNDECIDED = 0.2
"""Share of decisions a rule may leave to people."""
LEAK = 0.995
"""A rule on data that is right more often may know what was written after the decision."""
PEOPLE = 0.3
"""Share of an attribute's values that are also resources, from which it holds names of people."""
MOST_VALUES = 12
MOST_DISTINCT = 200
NUMERIC = 0.95
"""Share of a text column's values that must be numbers for it to be one."""


@dataclass(frozen=True)
class Found:
    """What history says of one choice or loop."""

    node: str
    by: str
    """`default`, `history`, `rule`, `outcome`, `event` or `person`."""
    n: int
    shares: tuple[float, ...]
    rule: MinedRule | None = None
    """The rule it goes by, or the best one that was not good enough."""
    outcomes: dict[int, tuple[str, ...]] | None = None
    """For `outcome`: the outcomes of step `of` that take each branch."""
    of: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Attributes:
    """What is known of a case at a moment: case attributes, and event attributes last written."""

    def __init__(self, history: History) -> None:
        frame = history.frame
        self._case = history.case_of_row()
        self.columns: dict[str, tuple[pd.Series[Any], bool, bool]] = {}
        """Field of `data` to values by row, whether they are numbers, and whether known at the start."""
        for column in frame.columns:
            at_start = str(column).startswith("case:")
            name = str(column).removeprefix("case:").removeprefix("event:")
            if column in NOT_ATTRIBUTES or name in self.columns:
                continue
            if not at_start and (name.lower() in ROLE_COLUMNS or name.lower().startswith("org:")):
                continue  # Who did the last step is history, not data.
            found = usable(frame[column], at_start=at_start, cases=history.cases)
            if found is not None and not _names_people(frame, frame[column]):
                values, numeric = found
                if not at_start:
                    values = values.groupby(self._case).ffill()
                self.columns[name] = (values, numeric, at_start)

    def features(self, taken: Taken, trained: int) -> list[Feature]:
        """What is known when each decision is taken."""
        found: list[Feature] = []
        for name, (column, numeric, at_start) in self.columns.items():
            known = column.iloc[taken.row].reset_index(drop=True)
            if not at_start:
                known = known.where(taken.begun)
            guard = has_field(name) if known.isna().any() else ""
            if numeric:
                numbers = known.to_numpy(dtype=np.float64, na_value=np.nan)
                found.append(Feature(field_of(name), numbers, guard=guard, name=name))
                continue
            for value in known.iloc[:trained].value_counts().index[:MOST_VALUES]:
                equal = (known == value).fillna(False).to_numpy(dtype=np.float64)
                plain = bool(value) if isinstance(value, bool | np.bool_) else str(value)
                found.append(Feature(field_of(name), equal, equals=plain, guard=guard, name=name))
        return [f for f in found if np.ptp(f.filled[:trained]) > 0]


def usable(column: "pd.Series[Any]", *, at_start: bool, cases: int) -> "tuple[pd.Series[Any], bool] | None":
    """The values of an attribute that a rule could use, and whether they are numbers.

    None for constants, times, names that nearly every case has its own of, and long texts.
    """
    known = column.dropna()
    if known.empty or known.nunique() < 2 or pd.api.types.is_datetime64_any_dtype(column):
        return None
    if pd.api.types.is_bool_dtype(known):
        return column, False
    if pd.api.types.is_numeric_dtype(column):
        return column, True
    text = column.astype("string")
    numbers = pd.to_numeric(text, errors="coerce")
    distinct = text.nunique()
    if numbers.notna().sum() >= NUMERIC * len(known):
        ids = at_start and distinct > 0.9 * cases and (numbers.dropna() % 1 == 0).all()
        return None if ids else (numbers.astype("float64"), True)
    if distinct > min(MOST_DISTINCT, 0.5 * cases) or float(text.str.len().mean()) > 80:
        return None
    return text.astype(object).where(text.notna(), None), False


def _names_people(frame: pd.DataFrame, column: "pd.Series[Any]") -> bool:
    """Whether an attribute holds who works here: rules are about cases, and never about persons."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    people = set(frame["resource"].dropna().astype(str).unique())
    values = set(column.dropna().astype(str).unique())
    return len(values & people) > PEOPLE * len(values)


def decide(history: History, as_is: AsIs, nodes: dict[str, Choice | Loop]) -> dict[str, Found]:
    """What history says of each choice and loop of the as-is tree, by node id."""
    attributes = Attributes(history)
    return {
        identity: _decide(history, as_is, node, as_is.taken[identity], attributes)
        for identity, node in nodes.items()
        if identity in as_is.taken
    }


def _decide(
    history: History, as_is: AsIs, node: Choice | Loop, taken: Taken, attributes: Attributes
) -> Found:
    branches = len(node.branches) if isinstance(node, Choice) else 2
    counts = np.bincount(taken.branch, minlength=branches)
    n = int(counts.sum())
    shares = tuple(round(float(c) / n, 4) for c in counts)
    if counts.max() >= DEFAULT * n:
        return Found(node.id, "default", n, shares)
    outcome = _by_outcome(history, as_is, node, taken, shares)
    if outcome is not None:
        return outcome
    done = mine_rule(done_features(history, as_is, node, taken), taken.branch)
    if done is not None and good(done) and done.accuracy >= HISTORY:
        return Found(node.id, "history", n, shares, rule=done)
    if _external(as_is, node):
        return Found(node.id, "event", n, shares)
    data = mine_rule(attributes.features(taken, int(0.7 * n)), taken.branch)
    if data is not None and good(data):
        return Found(node.id, "rule", n, shares, rule=data, evidence=_leak(data))
    return Found(node.id, "person", n, shares, rule=data or done)


def good(rule: MinedRule) -> bool:
    """Whether a rule may decide alone."""
    return (
        rule.p < SIGNIFICANT
        and rule.predicted >= CODIFIABLE
        and rule.predicted >= rule.majority + BETTER
        and rule.undecided <= UNDECIDED
    )


def _leak(rule: MinedRule) -> tuple[Evidence, ...]:
    if rule.predicted < LEAK:
        return ()
    fields = ", ".join(rule.fields)
    statement = (
        f"{fields} predicts this almost perfectly. Attributes carry no time of writing: make sure it is "
        "known before the decision, not written after it"
    )
    return (Evidence(statement=statement, n=rule.n, value=round(rule.predicted, 4), unit="share"),)


def done_features(history: History, as_is: AsIs, node: Choice | Loop, taken: Taken) -> list[Feature]:
    """How often each step was done before, how it last ended, and how often this decision was met."""
    found = [
        Feature(field_of(as_is.step_of[name], "done"), taken.done[:, i].astype(np.float64), whole=True)
        for i, name in enumerate(history.names)
        if np.ptp(taken.done[:, i]) > 0
    ]
    for decision in history.merged:
        if decision.name in as_is.step_of:
            last = _last_outcome(history, decision.name)[taken.row]
            field = field_of(as_is.step_of[decision.name], "outcome")
            found.extend(
                Feature(field, ((last == word) & taken.begun).astype(np.float64), equals=word)
                for word in sorted(set(decision.outcomes.values()))
            )
    if np.ptp(taken.visit) > 0 and isinstance(node, Choice):
        found.append(Feature("visit", taken.visit.astype(np.float64), whole=True))
    return found


def _by_outcome(
    history: History, as_is: AsIs, node: Choice | Loop, taken: Taken, shares: tuple[float, ...]
) -> Found | None:
    """Whether the outcome of one merged decision, the last one taken before, says which branch."""
    best: tuple[float, Found] | None = None
    for decision in history.merged:
        if decision.name not in as_is.step_of:
            continue
        last = _last_outcome(history, decision.name)[taken.row]
        known = np.array([isinstance(o, str) for o in last]) & taken.begun
        if known.mean() < DEFAULT:
            continue
        table = pd.crosstab(pd.Series(last[known]), taken.branch[known])
        right = float(table.max(axis=1).sum() / table.to_numpy().sum())
        taken_by = table.idxmax(axis=1)
        if right < DEFAULT or taken_by.nunique() < 2 or (best and best[0] >= right):
            continue
        outcomes: dict[int, tuple[str, ...]] = {}
        for outcome, branch in taken_by.items():
            outcomes[int(branch)] = (*outcomes.get(int(branch), ()), str(outcome))
        statement = f"the outcome of {decision.name!r} says which way in {right:.1%} of cases"
        evidence = Evidence(statement=statement, n=int(known.sum()), value=round(right, 4), unit="share")
        step = as_is.step_of[decision.name]
        best = (right, Found(node.id, "outcome", len(last), shares, None, outcomes, step, (evidence,)))
    return best[1] if best else None


def _last_outcome(history: History, decision: str) -> "np.ndarray[Any, np.dtype[np.object_]]":
    """By row, how the decision last ended in this case."""
    frame = history.frame
    own = frame["outcome"].where(frame["activity"] == decision)
    return own.groupby(history.case_of_row()).ffill().to_numpy(object)


def _external(as_is: AsIs, node: Choice | Loop) -> bool:
    """Whether what comes next is done by somebody outside, whichever way it goes."""
    from orchestrate.redesign.as_is import SKIP, first_step

    if not isinstance(node, Choice):
        return False
    firsts = [first_step(branch.body) for branch in node.branches]
    return all(name != SKIP and name in as_is.workers and as_is.workers[name].outside for name in firsts)

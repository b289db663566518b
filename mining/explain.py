"""`baton explain`: which attribute values, people and steps go with slow or exceptional cases."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from home.context import Context
from home.contracts import Contract, Option, Response
from home.duck import Cursor
from home.errors import unknown
from home.sql import read_sql
from home.text import cel_text, duration, percent, plain
from mining.contracts import LogRequest
from mining.filters import condition
from mining.instances import instances
from mining.lens import View, lens
from mining.running import running_cases
from mining.subgroups import DISCOVERIES, LEAST_CASES, Feature, Strata, Subgroup, discovered

VALUES = 30
"""Commonest values of an attribute that are looked at."""
MOST = 60
"""Resources, those of most cases, that are looked at."""
PARTS = 5
"""Equally large parts that numbers are cut into."""


class ExplainRequest(LogRequest):
    """Asks what goes with slow or exceptional cases."""

    of: Annotated[str | None, Option(("--of",), "CEL")] = None
    """What makes a case exceptional, as a filter: contains("Reject"). Without it, long cycle times."""
    control: Annotated[tuple[str, ...], Option(("--control",), "ATTRIBUTE")] = ()
    """Attributes of the case within whose values groups are compared, beside the month of the start; without
    it, the one that the outcome depends on most."""
    top: int = Field(default=10, ge=1, le=50)
    """How many groups at most."""


class Group(Contract):
    """Cases that have something in common and a worse outcome than cases alike."""

    group: str
    """What they have in common, in words."""
    where: str
    """A filter (CEL) that leaves them."""
    cases: int
    compared: int
    """Those with cases alike to compare with."""
    inside: float
    """Their mean cycle time in seconds, or share of exceptions."""
    outside: float
    """That of cases alike."""
    effect: float
    """The difference."""
    low: float
    high: float
    """95 % interval of the difference."""
    crude: float
    """The difference without looking at the controls."""
    excess: float
    """Hours, or exceptions, that they have more than cases alike would."""
    q: float
    """Smallest false discovery rate at which it is still told (Benjamini and Hochberg)."""
    examples: list[str]
    """Three of them, the longest first."""


class Explanation(Response):
    """Which groups of cases have a worse outcome; what goes together, not what causes what."""

    log: str
    of: str
    """`cycle time`, or the condition asked about."""
    cases: int
    """Cases looked at; those still running are left out."""
    mean: float
    """Mean cycle time in seconds, or share of exceptions."""
    controlled: list[str]
    """Groups are compared among cases alike in these."""
    groups: list[Group]
    tested: int
    """Groups that were compared."""
    message: str = ""

    def lines(self) -> Iterator[str]:
        """Each group with its difference, and what was controlled."""
        timed = self.of == "cycle time"
        overall = (
            f"mean cycle time {duration(self.mean)}" if timed else f"{percent(self.mean)} {plain(self.of)}"
        )
        yield f"{plain(self.log)}: {self.cases:,} cases, {overall}"
        for number, group in enumerate(self.groups, 1):
            yield ""
            yield f"{number}. {plain(group.group)}: {_difference(group, timed)}"
            more = f"{group.excess:,.0f} {'hours' if timed else 'exceptions'} more than cases alike"
            yield f"   {group.cases:,} cases, {more}; for example {plain(', '.join(group.examples))}"
            yield f"   baton map {plain(self.log)} --where '{plain(group.where)}'"
        yield ""
        if self.message:
            yield self.message
        yield (
            f"Compared within the same {', '.join(map(plain, self.controlled))}; "
            f"{self.tested:,} groups tested, false discoveries held to {DISCOVERIES:.0%}."
        )
        yield "This says what goes together. Whatever was not controlled may be behind it."


def _difference(group: Group, timed: bool) -> str:
    if timed:
        span = f"{duration(group.low)} to {duration(group.high)}"
        return f"{duration(group.effect)} longer ({span}) than cases alike"
    span = f"{group.low * 100:.1f} to {group.high * 100:.1f}"
    return f"{percent(group.inside)} against {percent(group.outside)} of cases alike (+{span} points)"


def explain(context: Context, request: ExplainRequest) -> Explanation:
    """Find the groups of cases whose outcome is worse than that of cases alike.

    Groups are values of case attributes, people and activities done, alone or two together. Each
    is compared with the other cases of the same month and the same value of the controls (van Elteren 1960);
    false discoveries are held to 5 % (Benjamini and Hochberg 1995).
    """
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        _require_controls(view.cursor, request.control, request.log)
        frame, kinds = _frame(view, request.of)
        resources = view.cursor.execute(
            read_sql("mining.sql", "resources_of_cases"), {"most": MOST}
        ).fetchall()
        names = dict(view.cursor.execute(read_sql("mining.sql", "variant_names")).fetchall())
    context.job.progress(None, f"Comparing groups of cases of {request.log}")
    return context.compute(
        explained, request.log, request.of, frame, kinds, resources, names, list(request.control), request.top
    )


def explained(
    log: str,
    of: str | None,
    frame: pd.DataFrame,
    kinds: dict[str, str],
    resources: list[tuple[int, str]],
    names: dict[int, list[str]],
    control: list[str],
    top: int,
) -> Explanation:
    """The same from plain data: one row of `frame` per case that is over."""
    values = frame["hit"].to_numpy(float) if of else frame["duration_s"].to_numpy(float)
    features = list(_features(frame, kinds, resources, names, given=of))
    controls = _controls(frame, kinds, control, values)
    base = pd.factorize(frame["started"].dt.to_period("M"))[0].astype(np.int64)
    found, tested = discovered(values, features, controls, base, top=top)
    message = "" if found else "No group of cases stands out from cases alike."
    if len(frame) < 2 * LEAST_CASES:
        message = (
            f"Too few cases to compare: {len(frame)}; each group needs {LEAST_CASES} and as many others."
        )
    return Explanation(
        log=log,
        of=of or "cycle time",
        cases=len(frame),
        mean=float(values.mean()) if len(values) else 0.0,
        controlled=["month of the start", *controls],
        groups=[_group(g, frame, values, timed=of is None) for g in found],
        tested=tested,
        message=message,
    )


def _group(found: Subgroup, frame: pd.DataFrame, values: Any, *, timed: bool) -> Group:
    inside = frame[found.mask & (values > 0)]
    others = values[~found.mask]
    return Group(
        group=" and ".join(f.words for f in found.features),
        where=" && ".join(f.where for f in found.features),
        cases=found.members,
        compared=found.compared,
        inside=found.inside,
        outside=found.outside,
        effect=found.effect,
        low=found.low,
        high=found.high,
        crude=float(values[found.mask].mean() - others.mean()) if len(others) else 0.0,
        excess=found.excess / 3600 if timed else found.excess,
        q=found.q,
        examples=list(inside.nlargest(3, "duration_s")["case_id"]),
    )


def _require_controls(cursor: Cursor, control: tuple[str, ...], log: str) -> None:
    known = [name for (name,) in cursor.execute("select name from attribute where scope = 'case'").fetchall()]
    for name in control:
        if name not in known:
            raise unknown("case attribute", name, known, listing=f"baton cases {log}")


def _frame(view: View, of: str | None) -> tuple[pd.DataFrame, dict[str, str]]:
    """One row per case that is over, attributes under their names; and the type of each attribute."""
    asked = condition(view.cursor, of, tz=view.log.tz) if of else None
    sql = read_sql("mining.sql", "outcomes_of_cases")
    sql = sql.replace("coalesce(false /* asked */", f"coalesce({asked.sql if asked else 'false'}")
    frame = view.cursor.execute(sql, {"tz": view.log.tz, **(asked.parameters if asked else {})}).df()
    named = view.cursor.execute("select col, name, type from attribute where scope = 'case'").fetchall()
    frame = frame.rename(columns={col: f"case:{name}" for col, name, _ in named})
    running = running_cases(instances(view.cursor))
    over = frame[~frame["case_id"].isin(running)].reset_index(drop=True)
    return over, {name: kind for _, name, kind in named}


def _features(
    frame: pd.DataFrame,
    kinds: dict[str, str],
    resources: list[tuple[int, str]],
    names: dict[int, list[str]],
    *,
    given: str | None,
) -> Iterator[Feature]:
    yield from attribute_features(frame, kinds)
    vids = frame["vid"].to_numpy()
    having: dict[str, list[int]] = {}
    for vid in np.unique(vids).tolist():
        for activity in set(names[vid]):
            having.setdefault(activity, []).append(vid)
    cases = frame["vid"].value_counts().to_dict()
    for activity in sorted(having):
        if sum(cases[vid] for vid in having[activity]) < LEAST_CASES:
            continue  # said before its mask is made: there may be as many names as events
        where = f"contains({cel_text(activity)})"
        if given is None or cel_text(activity) not in given:  # the outcome itself explains nothing
            yield Feature("activities", f"with {activity!r}", where, np.isin(vids, having[activity]))
    cids = frame["cid"].to_numpy()
    for resource, rows in pd.DataFrame(resources, columns=["cid", "name"]).groupby("name", sort=True)["cid"]:
        where = f"{cel_text(str(resource))} in resources"
        yield Feature("resources", f"touched by {resource!r}", where, np.isin(cids, rows.to_numpy()))


def attribute_features(frame: pd.DataFrame, kinds: dict[str, str]) -> Iterator[Feature]:
    """A condition per common value of each case attribute, and per cut of each numeric one.

    `frame` has one row per case and a column `case:NAME` for each attribute of `kinds`.
    """
    for name, kind in kinds.items():
        column = frame[f"case:{name}"]
        if kind == "number":
            yield from _parts(name, column)
        elif kind in ("text", "boolean"):
            yield from _values(name, column, kind)


def _values(name: str, column: pd.Series, kind: str) -> Iterator[Feature]:
    said = f"case[{cel_text(name)}]"
    for value in column.dropna().value_counts().index[:VALUES]:
        text = cel_text(str(value)) if kind == "text" else str(bool(value)).lower()
        mask = (column == value).fillna(False).to_numpy(bool)
        yield Feature(name, f"{name} = {value}", f"{said} == {text}", mask)
    if column.isna().any():
        yield Feature(name, f"no {name}", f"{said} == null", column.isna().to_numpy(bool))


def _parts(name: str, column: pd.Series) -> Iterator[Feature]:
    """Above and below each cut of equally large parts, and each single value where there are few."""
    numbers = column.to_numpy(float)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return
    said = f"case[{cel_text(name)}]"
    for cut in sorted(set(np.quantile(known, np.arange(1, PARTS) / PARTS))):
        limit = float(f"{cut:.3g}")
        yield Feature(name, f"{name} > {limit:,g}", f"{said} > {limit!r}", numbers > limit, f"{name} >")
        yield Feature(name, f"{name} ≤ {limit:,g}", f"{said} <= {limit!r}", numbers <= limit, f"{name} ≤")


def _controls(frame: pd.DataFrame, kinds: dict[str, str], asked: list[str], values: Any) -> dict[str, Strata]:
    """Strata of the attributes asked for, or of the one that tells most of the outcome."""
    strata = {name: _strata(frame[f"case:{name}"], kinds[name]) for name in asked or kinds}
    if asked or not strata:
        return strata
    usable = {n: s for n, s in strata.items() if 1 < len(np.unique(s)) <= VALUES}
    ranks = pd.Series(values).rank().to_numpy()
    best = max(usable, key=lambda n: _told(ranks, usable[n]), default=None)
    return {best: usable[best]} if best is not None else {}


def _strata(column: pd.Series, kind: str) -> Strata:
    if kind == "number":
        column = pd.qcut(column.rank(method="average"), PARTS, labels=False, duplicates="drop")
    return (pd.factorize(column)[0] + 1).astype(np.int64)


def _told(ranks: Any, strata: Strata) -> float:
    """Share of the variance of the ranks that lies between strata (eta squared), less what chance gives."""
    size = np.bincount(strata)
    means = np.bincount(strata, weights=ranks) / np.maximum(size, 1)
    between = float((size * (means - ranks.mean()) ** 2).sum())
    total = float(((ranks - ranks.mean()) ** 2).sum())
    return between / total - (np.count_nonzero(size) - 1) / max(1, len(ranks) - 1) if total else 0.0

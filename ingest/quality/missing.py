"""Values that are missing where they usually stand, and columns that always say the same."""

from collections import defaultdict
from collections.abc import Iterator

from home.duck import rows
from home.sql import read_sql
from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found, listed, many

USUAL = 0.8
"""A value that so many of an activity's events have is expected in the others."""
USUAL_RESOURCE = 0.5
MOST_NAMED = 6


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Missing resources and attributes, names that stand for nobody, constant columns."""
    yield from _of_events(facts)
    yield from _of_cases(facts)
    yield from _nobody(facts)


def _of_events(facts: Facts) -> Iterator[QualityFinding]:
    columns = dict(facts.attributes("event"))
    names = {column: name for name, column in columns.items()}
    counted = "".join(f", {_spread(column)}" for column in names)
    sql = read_sql("ingest.quality.sql", "fullness").replace("as resource", f"as resource{counted}")
    groups = rows(facts.cursor.execute(sql))
    activities = facts.activities()
    for column, name in {"resource": "resource", **names}.items():
        least = USUAL if column in names else USUAL_RESOURCE
        where = [g for g in groups if least <= g[column] / g["n"] < 1]
        gone = sum(g["n"] - g[column] for g in where)
        if gone:
            of = sum(g["n"] for g in where)
            worst = sorted(where, key=lambda g: g[column] - g["n"])
            shown = listed([activities[g["aid"]] for g in worst])
            yield found(
                "missing_values", "warning" if column == "resource" and gone > 0.05 * of else "info", gone,
                f"{name!r} is missing in {many(gone, 'event')} of activities that usually have it: {shown}.",
                of=of, do="Rules and roles mined from it know nothing of these events.",
            )  # fmt: skip
    yield from _constant(
        "event",
        {n: _one([(g[f"{c}_low"], g[f"{c}_high"], g[c], g["n"]) for g in groups]) for c, n in names.items()},
    )


def _spread(column: str) -> str:
    """SQL: how often a column is filled, with its least and greatest value."""
    low_high = f"min({column})::varchar as {column}_low, max({column})::varchar as {column}_high"
    return f"count({column}) as {column}, {low_high}"


def _one(parts: list[tuple[str | None, str | None, int, int]]) -> str | None:
    """The only value that stands everywhere, if there is one."""
    values = {v for low, high, _, _ in parts for v in (low, high)}
    full = all(filled == n for _, _, filled, n in parts)
    return values.pop() if full and len(values) == 1 and sum(n for *_, n in parts) > 1 else None


def _of_cases(facts: Facts) -> Iterator[QualityFinding]:
    columns = dict(facts.attributes("case"))
    if not columns:
        return
    asked = ", ".join(map(_spread, columns.values()))
    (row,) = rows(facts.cursor.execute(f"select count(*) as n, {asked} from cv"))
    for name, column in columns.items():
        gone = row["n"] - row[column]
        if gone and row[column] >= USUAL * row["n"]:
            missing = facts.cursor.execute(
                f"select case_id from cv where {column} is null order by cid limit 3"
            ).fetchall()
            yield found(
                "missing_values", "info", gone, f"{name!r} of the case is missing in {many(gone, 'case')}.",
                of=row["n"], do="A rule that asks for it cannot decide these cases.",
                examples=tuple(case for (case,) in missing),
            )  # fmt: skip
    same = {n: _one([(row[f"{c}_low"], row[f"{c}_high"], row[c], row["n"])]) for n, c in columns.items()}
    yield from _constant("case", same)


def _constant(scope: str, values: dict[str, str | None]) -> Iterator[QualityFinding]:
    same = [name for name, value in values.items() if value is not None]
    if same:
        shown = ", ".join(f"{n!r} is always {str(values[n])[:40]!r}" for n in same[:MOST_NAMED])
        yield found(
            "constant_columns", "info", len(same), f"Attributes of the {scope} tell nothing apart: {shown}.",
            do="Leave them out of the mapping, or look whether the export was filtered.",
        )  # fmt: skip


def _nobody(facts: Facts) -> Iterator[QualityFinding]:
    names: dict[str, int] = defaultdict(int)
    for row in facts.ask("resource_names"):
        names[row["name"]] += row["n"]
    if names:
        count = sum(names.values())
        yield found(
            "placeholder_resources", "info", count,
            f"{many(count, 'event')} were done by {listed(list(names))}, which names nobody.",
            of=facts.log.instances,
            do="They count as one person in handovers and calendars.",
            names=tuple(names),
        )  # fmt: skip

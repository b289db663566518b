"""Waits that never end quickly: somebody or something may be at work where no system looks."""

from collections.abc import Iterator
from shlex import quote

from home.text import duration
from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found

LEAST = 30
LEAST_SHARE = 0.02
"""Of all the flows."""
HOUR_S, DAY_S = 3600.0, 86_400.0
FLOOR = 0.3
"""A queue also serves some at once; where even the quickest twentieth takes this part of the median,
something takes its time."""
FIXED = 1.1
"""The median may be so much above the quickest twentieth where it is a period that somebody set."""
MOST = 3


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Flows whose time between has a floor that no queue has.

    Where no start is known the time between two events holds the work of the second: then only floors
    of days count, which are rarely one person's work.
    """
    total = sum(row["n"] for row in facts.ask("neighbours"))
    least = max(LEAST, int(LEAST_SHARE * total))
    names = facts.activities()
    floor_s = HOUR_S if facts.log.timed else DAY_S
    flows = [row for row in facts.ask("waits", least=least) if row["aid"] != row["naid"]]
    long = [f for f in flows if f["p05_s"] >= floor_s and f["p05_s"] >= FLOOR * f["p50_s"]]
    for f in sorted(long, key=lambda f: -f["n"] * f["p50_s"])[:MOST]:
        before, after = names[f["aid"]], names[f["naid"]]
        if f["p50_s"] <= FIXED * f["p05_s"]:
            yield found(
                "fixed_waits", "info", f["n"],
                f"Between {before!r} and {after!r} usually lie {duration(f['p50_s'])}, hardly ever less.",
                do="A deadline or a timer, it seems: working faster does not shorten it.",
            )  # fmt: skip
            continue
        typical = _typical(f["p50_s"])
        place = f"--after {quote(before)} --before {quote(after)}"
        yield found(
            "off_system_work", "info", f["n"],
            f"Between {before!r} and {after!r} hardly ever less than {duration(f['p05_s'])} pass, usually "
            f"{duration(f['p50_s'])}: more than a queue explains.",
            do="Is somebody at work there whom no system sees? If so, add the step by hand:",
            command=f"baton shape {quote(facts.log.name)} --add 'STEP' {place} --typical {typical}",
        )  # fmt: skip


def _typical(seconds: float) -> str:
    return f"{round(seconds / DAY_S)}d" if seconds >= 2 * DAY_S else f"{max(1, round(seconds / HOUR_S))}h"

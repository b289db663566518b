"""What went wrong in a plan's runs, and how soon it was noticed and over: counted in their journals."""

from dataclasses import replace

import pandas as pd

from home.database import Database
from home.sql import read_sql
from mining.kpis import Cases

COLUMNS = ("automated", "failed", "retried", "detect_s", "recover_s")
NO_TROUBLE = "nothing failed"


def troubles(state: Database, plan: str) -> pd.DataFrame:
    """One row per run of a plan (index `case_id`), from `orchestrate/sql/run_visits.sql`.

    `failed`, `retried`, `automated`: shares of the visits of steps by systems that had a failed attempt,
    that took more than one attempt, and of all completed visits that a system completed. `detect_s`,
    `recover_s`: mean seconds from a failure to the first alert or task about it, and to the completion
    of the step; missing for runs without.
    """
    visits = pd.DataFrame(
        state.rows(read_sql("orchestrate.sql", "run_visits"), {"plan": plan}),
        columns=["run", "node", "visit", "attempts", "failed_at", "done_at", "alone", "told_at"],
    )
    numbers = ["attempts", "failed_at", "done_at", "alone", "told_at"]
    visits[numbers] = visits[numbers].astype(float)
    systems, done = visits[visits["attempts"] > 0], visits[visits["done_at"].notna()]
    failed = visits[visits["failed_at"].notna()]
    found = {
        "automated": done["alone"].groupby(done["run"]).mean(),
        "failed": systems["failed_at"].notna().groupby(systems["run"]).mean(),
        "retried": (systems["attempts"] > 1).groupby(systems["run"]).mean(),
        "detect_s": (failed["told_at"] - failed["failed_at"]).groupby(failed["run"]).mean(),
        "recover_s": (failed["done_at"] - failed["failed_at"]).groupby(failed["run"]).mean(),
    }
    return pd.DataFrame(found).rename_axis("case_id")


def with_troubles(cases: Cases, found: pd.DataFrame | None) -> Cases:
    """The measures of cases that are runs, with what their journals say."""
    if found is None:
        return cases
    said = found.reindex(cases.table["case_id"].astype(str))
    table = cases.table.assign(**{name: said[name].to_numpy() for name in COLUMNS})
    omitted = {name: why for name, why in cases.omitted.items() if name not in COLUMNS}
    never = [name for name in ("detect_s", "recover_s") if table[name].isna().all()]
    omitted |= dict.fromkeys(never, NO_TROUBLE)
    return replace(cases, table=table.drop(columns=never), omitted=omitted)

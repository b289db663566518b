"""`baton chaos`: signs that work runs without a conductor, each with its evidence."""

import pandas as pd

from home.context import Context
from home.duck import rows
from home.sql import read_sql
from mining.chaos.contracts import Chaos, ChaosRequest, Sign
from mining.chaos.double_entry import double_entry
from mining.chaos.key_person import key_person
from mining.chaos.needless_approval import needless_approval
from mining.chaos.unequal_outcomes import unequal_outcomes
from mining.chaos.untracked import untracked
from mining.instances import instances
from mining.lens import lens

DETECTORS = {
    "needless_approval": needless_approval,
    "unequal_outcomes": unequal_outcomes,
    "untracked": untracked,
    "key_person": key_person,
    "double_entry": double_entry,
}
MOST_INSTANCES = 2_000_000


def chaos(context: Context, request: ChaosRequest) -> Chaos:
    """Look for needless approvals, unequal outcomes, lost track, key persons and double entry.

    Each sign is measured in the log and told with what was not looked at. Rework and handoffs are told
    beside the share that is commonly quoted, up to 30 %, which is a reference and no measurement.
    """
    with lens(context, request.log, request.view, request.where) as view:
        view.some()
        share = rows(view.cursor.execute(read_sql("mining.sql", "rework_share")))[0]
        handed = rows(view.cursor.execute(read_sql("mining.sql", "handover_share")))[0]
        frame = instances(view.cursor)
        cases = view.cases
    if len(frame) > MOST_INSTANCES:
        every = -(-len(frame) // MOST_INSTANCES)
        frame = frame[frame["case"].isin(frame["case"].drop_duplicates().iloc[::every])]
    context.job.progress(None, f"Looking for signs of chaos in {request.log}")
    found = context.compute(signs, frame)
    return Chaos(
        log=request.log,
        cases=cases,
        rework_share=share["repeats"] / share["instances"] if share["instances"] else 0.0,
        handoff_share=handed["handovers"] / handed["steps"] if handed["steps"] else None,
        signs=found,
        looked_for=list(DETECTORS),
        not_possible=list(_not_possible(frame)),
    )


def signs(frame: pd.DataFrame) -> list[Sign]:
    """Every sign of every detector, those of most cases first; plain data in and out."""
    found = [sign for detect in DETECTORS.values() for sign in detect(frame)]
    return sorted(found, key=lambda sign: -sign.cases)


def _not_possible(frame: pd.DataFrame) -> list[str]:
    reasons = []
    if not frame["resource"].notna().any():
        reasons.append("unequal outcomes and key persons, since the log names nobody.")
    if frame["system"].nunique() < 2:
        reasons.append("double entry, since the log names fewer than two systems.")
    return reasons

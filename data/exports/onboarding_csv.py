"""The client desk's spreadsheet export: semicolons, German headings, day-first local times."""

import csv
from pathlib import Path

from ..company.calendars import local
from ..company.process import Process

COLUMNS = (
    "Vorgangs-Nr.",
    "Tätigkeit",
    "Beginn (Ortszeit)",
    "Ende (Ortszeit)",
    "Bearbeiter/in",
    "Kunden Segment",
    "Risiko",
    "Kosten in EUR",
)


def write_onboarding(process: Process, path: Path) -> None:
    """Write one row per step; times are Europe/Berlin (`DD-MM-YYYY HH:MM:SS`)."""
    steps = sorted(process.recorded(), key=lambda done: (done.start, done.case.id))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(COLUMNS)
        for done in steps:
            known = done.case.attributes
            start, end = (local(at).strftime("%d-%m-%Y %H:%M:%S") for at in (done.start, done.end))
            who, cost = done.resource, f"{done.cost:.2f}"
            rows.writerow(
                [done.case.id, done.activity, start, end, who, known["segment"], known["risk"], cost]
            )

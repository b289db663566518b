"""What is true of the company, written beside its exports, so that a finding can be checked."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from .company.calendars import DAY_NAMES, FIRST_DAY, LAST_DAY, ZONE, WeeklyHours
from .company.causes import CAUSES, causes
from .company.process import Process


def truth(processes: Sequence[Process], seed: int, scale: float) -> dict[str, Any]:
    """Planted truths with their numbers, and true seconds of waiting by cause, per process."""
    return {
        "seed": seed,
        "scale": scale,
        "zone": ZONE.key,
        "first_day": FIRST_DAY.isoformat(),
        "last_day": LAST_DAY.isoformat(),
        "processes": {process.name: _of_one(process) for process in processes},
    }


def _of_one(process: Process) -> dict[str, Any]:
    recorded = process.recorded()
    by_activity: dict[str, Counter[str]] = defaultdict(Counter)
    for done in recorded:
        by_activity[done.activity].update(causes(done))
    total: Counter[str] = Counter()
    for seconds in by_activity.values():
        total.update(seconds)
    return {
        "cases": len({done.case.id for done in recorded}),
        "steps": len(recorded),
        "planted": process.planted,
        "waiting_s": _ordered(total),
        "waiting_by_activity_s": {name: _ordered(by_activity[name]) for name in sorted(by_activity)},
    }


def _ordered(seconds: Counter[str]) -> dict[str, int]:
    return {cause: seconds[cause] for cause in CAUSES}


def write_truth(processes: Sequence[Process], document: dict[str, Any], folder: Path) -> None:
    """Write `truth.json`, `calendars.json` and `truth_waiting.csv.gz` into `folder`."""
    _write_json(folder / "truth.json", document)
    people = {who.name: who.week for process in processes for who in process.workers}
    _write_json(folder / "calendars.json", {name: _calendar(week) for name, week in people.items()})
    _write_waiting(processes, folder / "truth_waiting.csv.gz")


def _calendar(week: WeeklyHours) -> list[dict[str, Any]]:
    """The hours of a week in the format of `baton waiting --calendars`."""
    days: dict[tuple[int, int], list[str]] = defaultdict(list)
    for day, span in sorted(week.items()):
        days[span].append(DAY_NAMES[day])
    return [{"days": on, "from": f"{span[0]:02d}:00", "to": f"{span[1]:02d}:00"} for span, on in days.items()]


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_waiting(processes: Sequence[Process], path: Path) -> None:
    """One row per step that waited: when it became possible and began (UTC), and why, in seconds."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        TextIOWrapper(packed, encoding="utf-8", newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(["log", "case_id", "activity", "resource", "enabled", "start", *CAUSES])
        for process in processes:
            for done in process.recorded():
                if done.start > done.enabled:
                    why = causes(done)
                    facts = [
                        process.name,
                        done.case.id,
                        done.activity,
                        done.resource,
                        done.enabled,
                        done.start,
                    ]
                    rows.writerow([*facts, *(why[cause] for cause in CAUSES)])

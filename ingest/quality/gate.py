"""The quality gate: whether a process may be redesigned from a log, or piloted only, or not."""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from home.errors import SettingError
from home.text import percent
from ingest.quality.contracts import Check, QualityFinding, Verdict
from ingest.quality.facts import Facts

FILE = "gate.toml"
LEVELS = ("refuse", "pilot", "note")
LESS_IS_WORSE = frozenset({"complete_cases"})
WORDS = {
    "set_aside": "of the rows could not be loaded",
    "cut_cases": "of the cases are cut at the edges of the log",
    "complete_cases": "complete cases",
    "days_only": "of the times are days without a time of day: causes of waiting are not to be told",
    "wrong_clock": "of the events have a time that cannot be",
    "one_moment": "of the cases have one time for all their events",
    "repeated": "of the events repeat another of their case",
    "one_event": "of the cases have one event only",
    "dangling": "of the events lead to no case of the joined systems",
}
Limits = Mapping[str, Mapping[str, float]]


def read_limits(home: Path | None = None) -> Limits:
    """The limits in the home folder, else those that come with Baton.

    Raises `SettingError` where the file is not TOML, or names a check or level that there is not.
    """
    own = home / FILE if home else None
    shipped = files("ingest").joinpath("quality", FILE).read_text(encoding="utf-8")
    text = own.read_text(encoding="utf-8") if own and own.is_file() else shipped
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{own} is not TOML: {error}.", hint="Mend the line named above.") from error
    for check, levels in found.items():
        if check not in WORDS:
            raise SettingError(f"{own}: there is no check {check!r}.", hint=f"There are {', '.join(WORDS)}.")
        wrong = [k for k, v in levels.items() if k not in LEVELS or not isinstance(v, int | float)]
        if wrong:
            raise SettingError(
                f"{own}: {check} has no level {wrong[0]!r}.", hint=f"Levels: {', '.join(LEVELS)}, numbers."
            )
    return found


def check(name: str, value: float, levels: Mapping[str, float]) -> Check:
    """One measure against its limits."""

    def reached(level: str) -> bool:
        limit = levels.get(level)
        if limit is None:
            return False
        return value < limit if name in LESS_IS_WORSE else value >= limit

    level = next((level for level in LEVELS if reached(level)), None)
    verdict: Verdict = "refuse" if level == "refuse" else "pilot" if level == "pilot" else "pass"
    counted = name in LESS_IS_WORSE
    shown = f"{value:,.0f}" if counted else percent(value)
    note = ""
    if level is not None:
        limit = f"{levels[level]:,.0f}" if counted else percent(levels[level])
        side = "at least" if counted else "below"
        note = f"{f'Only {shown}' if counted else shown} {WORDS[name]} (should be {side} {limit})."
    unit = "cases" if counted else "share"
    return Check(check=name, words=WORDS[name], value=round(value, 4), unit=unit, verdict=verdict, note=note)


def measures(facts: Facts, findings: Sequence[QualityFinding]) -> dict[str, float]:
    """What each check of the gate measures."""
    log = facts.log
    counts: dict[str, int] = {}
    for f in findings:
        counts[f.code] = counts.get(f.code, 0) + f.count
    seen, aside = facts.cursor.execute("select sum(seen), sum(set_aside) from source").fetchone() or (0, 0)
    (dangling,) = facts.cursor.execute(
        "select coalesce(max(count), 0) from finding where code = 'dangling_links'"
    ).fetchone() or (0,)
    (backwards,) = facts.cursor.execute("select count(*) from event where start_ts > ts").fetchone() or (0,)
    cut = counts.get("cut_at_start", 0) + counts.get("cut_at_end", 0)
    cases, instances = max(1, log.cases), max(1, log.instances)
    days = counts.get("days_only", 0) / instances
    wrong = counts.get("early_times", 0) + counts.get("future_times", 0) + backwards
    found = {
        "set_aside": (aside or 0) / max(1, seen or 0),
        "cut_cases": cut / cases,
        "complete_cases": float(log.cases - cut),
        "days_only": days,
        "wrong_clock": wrong / instances,
        "one_moment": 0.0 if days else counts.get("one_moment_cases", 0) / cases,
        "repeated": 0.0 if days else counts.get("repeated_events", 0) / instances,
        "one_event": counts.get("one_event_cases", 0) / cases,
        "dangling": dangling / max(1, log.events),
    }
    return found

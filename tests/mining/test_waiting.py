"""The command `waiting`: totals, handoffs and what it says of logs without starts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from home.context import Context
from home.errors import UsageError
from mining.causes import CAUSES
from mining.waiting import UNTIMED, WaitingRequest, waiting

NINE = datetime(2026, 1, 5, 9)


def step(activity: str, begin_h: float, end_h: float, who: str = "ann") -> dict[str, object]:
    begin, end = (NINE + timedelta(hours=h) for h in (begin_h, end_h))
    return {"activity": activity, "start": begin, "end": end, "resource": who}


TWO = {
    "c1": [step("take", 0, 1), step("do", 2, 3, "bob")],
    "c2": [step("take", 1, 1.5), step("do", 3, 4, "bob")],
}


def test_handoffs_and_causes_add_up_to_the_total(make_log: Callable[..., str], context: Context) -> None:
    found = waiting(context, WaitingRequest(log=make_log(TWO), precedence="kronos"))
    assert found.total_s == 2.5 * 3600
    assert found.causes.total == found.total_s
    assert sum(handoff.total_s for handoff in found.handoffs) == found.total_s
    (handoff,) = found.handoffs
    assert (handoff.source, handoff.source_resource) == ("take", "ann")
    assert (handoff.target, handoff.target_resource, handoff.cases) == ("do", "bob", 2)
    assert found.causes.contention == 3600
    assert found.processing_known and found.note is None


def test_a_filter_narrows_cases_but_not_what_keeps_resources_busy(
    make_log: Callable[..., str], context: Context
) -> None:
    log = make_log(TWO, case_attributes={"c1": {"kind": "a"}, "c2": {"kind": "b"}})
    found = waiting(context, WaitingRequest(log=log, precedence="kronos", where="case['kind'] == 'b'"))
    assert found.cases == 1
    assert found.causes.contention == 3600


def test_a_log_without_starts_says_what_is_counted(make_log: Callable[..., str], context: Context) -> None:
    found = waiting(context, WaitingRequest(log=make_log({"c1": ["A", "B"], "c2": ["A", "B"]})))
    assert found.total_s == 2 * 3600
    assert not found.processing_known and found.note == UNTIMED
    assert {cause for cause in CAUSES if getattr(found.causes, cause)} == {"extraneous"}


def test_a_log_of_single_events_waits_for_nothing(make_log: Callable[..., str], context: Context) -> None:
    found = waiting(context, WaitingRequest(log=make_log({"c1": ["A"], "c2": ["A"]})))
    assert found.total_s == 0 and found.handoffs == []
    assert list(found.lines())


def test_calendars_given_in_a_file_are_used(
    make_log: Callable[..., str], context: Context, tmp_path: Path
) -> None:
    file = tmp_path / "hours.json"
    file.write_text('{"bob": [{"days": ["MON"], "from": "11:30", "to": "17:00"}]}')
    found = waiting(context, WaitingRequest(log=make_log(TWO), calendars=str(file)))
    assert found.calendars == "given"
    assert found.causes.unavailability == 2 * 3600
    assert found.causes.contention == 1800
    with pytest.raises(UsageError, match="cannot be read"):
        waiting(context, WaitingRequest(log="log1", calendars=str(tmp_path / "none.json")))

"""A clean log has no findings; one made with a fault has that finding, with its count, and no other."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from home.errors import NotFound, SettingError
from home.sql import read_sql
from ingest.catalog import find_log
from ingest.quality.command import quality
from ingest.quality.contracts import QualityRequest
from ingest.quality.gate import WORDS, read_limits
from ingest.quality.synonyms import _near, _words

STEPS = ("Receive order", "Check stock", "Approve", "Pick goods", "Ship", "Send invoice")
PEOPLE = ("Ada", "Bea", "Cem", "Dora", "Eli")
FIELDS = ("case_id", "activity", "start", "timestamp", "resource", "channel", "case:region")


@dataclass(frozen=True)
class Row:
    """One event."""

    case: str
    activity: str
    start: datetime
    end: datetime
    resource: str
    channel: str
    region: str


@dataclass
class Planted:
    """A log of orders, worked on in office hours, with nothing wrong until a fault is planted."""

    cases: int = 300
    seed: int = 11
    every_h: float = 6.7
    """Hours between the beginnings of two cases."""
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = Random(self.seed)
        for case in range(self.cases):
            now = self.office(
                datetime(2025, 1, 6, 8) + timedelta(hours=self.every_h * case, minutes=rng.randrange(60))
            )
            region = rng.choice(("North", "South"))
            for step in STEPS:
                if step == "Approve" and rng.random() < 0.3:
                    continue
                start = self.office(now + timedelta(minutes=rng.expovariate(1 / 90)))
                now = start + timedelta(seconds=rng.randrange(120, 1800))
                who, channel = rng.choice(PEOPLE), rng.choice(("mail", "web"))
                self.rows.append(Row(f"O{case:04d}", step, start, now, who, channel, region))

    @staticmethod
    def office(moment: datetime) -> datetime:
        """The moment, or the next one between 8 and 17 on a working day."""
        if moment.hour >= 17:
            moment = (moment + timedelta(days=1)).replace(hour=8)
        moment = moment.replace(hour=8) if moment.hour < 8 else moment
        while moment.weekday() > 4:
            moment = (moment + timedelta(days=1)).replace(hour=8)
        return moment

    def change(self, which: Callable[[Row], bool], **new: Any) -> int:
        """Change the rows chosen; values that are functions are given the row. How many there were."""
        count = 0
        for i, row in enumerate(self.rows):
            if which(row):
                made = {k: v(row) if callable(v) else v for k, v in new.items()}
                self.rows[i] = replace(row, **made)
                count += 1
        return count

    def text(self) -> str:
        """As CSV with canonical names and offsets, so that nothing has to be said."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(FIELDS)
        for r in sorted(self.rows, key=lambda r: r.end):
            times = (f"{r.start:%Y-%m-%dT%H:%M:%S.%f}Z", f"{r.end:%Y-%m-%dT%H:%M:%S.%f}Z")
            writer.writerow([r.case, r.activity, *times, r.resource, r.channel, r.region])
        return out.getvalue()


@pytest.fixture
def look(room):
    def looked(planted: Planted):
        room.load(room.file("orders.csv", planted.text()), "orders")
        found = quality(room.context, QualityRequest(log="orders"))
        return {f.code: f for f in found.findings}, found.gate

    return looked


def only(findings, *codes):
    """These findings and no other."""
    assert sorted(findings) == sorted(codes), {c: f.message for c, f in findings.items()}
    return findings[codes[0]]


def test_a_clean_log_has_no_findings_and_passes(look):
    findings, gate = look(Planted())
    only_none = {code: f.message for code, f in findings.items()}
    assert only_none == {}
    assert gate.verdict == "pass" and gate.reasons == ()


@pytest.mark.parametrize("seed", range(4))
def test_other_clean_logs_have_none_either(look, seed):
    findings, gate = look(Planted(cases=150, seed=seed))
    assert {code: f.message for code, f in findings.items()} == {}
    assert gate.verdict == "pass"


def test_events_said_twice_are_counted(look):
    log = Planted()
    log.rows += log.rows[100:140]
    found = only(look(log)[0], "repeated_events")
    assert (found.count, found.severity) == (40, "warning")
    assert set(found.examples) <= {row.case for row in log.rows[100:140]}


def test_missing_resources_and_attributes_are_counted_where_they_usually_stand(look):
    log = Planted()
    shipped = [row.case for row in log.rows if row.activity == "Ship"][:60]
    gone = log.change(lambda r: r.activity == "Ship" and r.case in shipped, resource="")
    found = only(look(log)[0], "missing_values")
    assert (found.count, gone) == (60, 60)
    assert "'resource' is missing in 60 events" in found.message and "'Ship'" in found.message


def test_an_attribute_that_only_some_activities_have_is_not_missing(look):
    log = Planted()
    log.change(lambda r: r.activity != "Ship", channel="")
    only_none = look(log)[0]
    assert not only_none


def test_constant_columns_and_names_for_nobody(look):
    log = Planted()
    log.change(lambda _: True, channel="web")
    log.change(lambda r: r.resource == "Eli", resource="N/A")
    findings, _ = look(log)
    found = only(findings, "constant_columns", "placeholder_resources")
    assert found.count == 1 and "'channel' is always 'web'" in found.message
    assert findings["placeholder_resources"].count == sum(r.resource == "N/A" for r in log.rows)


def test_times_before_1970_and_in_the_future(look):
    log = Planted()
    cases = {"O0100", "O0101"}
    epoch = datetime(1970, 1, 1)
    early = log.change(lambda r: r.case in cases and r.activity == "Receive order", start=epoch, end=epoch)
    late = datetime(datetime.now(UTC).year + 3, 1, 1, 9)
    future = log.change(lambda r: r.case == "O0102" and r.activity == "Send invoice", start=late, end=late)
    findings, gate = look(log)
    found = only(findings, "early_times", "future_times")
    assert (found.count, findings["future_times"].count) == (early, future)
    assert gate.verdict == "pass"


def test_days_without_a_time_of_day(look):
    log = Planted()
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    log.change(
        lambda _: True, start=lambda r: r.start.replace(**midnight), end=lambda r: r.end.replace(**midnight)
    )
    findings, gate = look(log)
    assert findings["days_only"].share == 1.0
    assert gate.verdict == "pass" and any("days without a time of day" in reason for reason in gate.reasons)
    assert "recorded_at_once" not in findings and "likely_bots" not in findings


def test_days_in_a_zone_that_nobody_named(look):
    log = Planted()
    at = {"hour": 22, "minute": 0, "second": 0, "microsecond": 0}
    log.change(lambda _: True, start=lambda r: r.start.replace(**at), end=lambda r: r.end.replace(**at))
    assert "days_only" in look(log)[0]


def test_one_activity_with_days_among_others_with_times(look):
    log = Planted()
    at = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    count = log.change(
        lambda r: r.activity == "Ship",
        start=lambda r: r.start.replace(**at),
        end=lambda r: r.end.replace(**at),
    )
    findings, _ = look(log)
    assert findings["mixed_precision"].count == count
    assert findings["mixed_precision"].examples == ("Ship",)
    assert "days_only" not in findings


def test_a_run_that_records_many_cases_at_once(look):
    log = Planted()
    at = datetime(2025, 2, 3, 15, 0, 0, 123)
    cases = {f"O{n:04d}" for n in range(60)}
    run = {r.case for r in log.rows if r.case in cases and r.activity == "Send invoice"}
    count = log.change(lambda r: r.case in run and r.activity == "Send invoice", start=at, end=at)
    log.rows = [r for r in log.rows if r.case < "O0150"]
    found = look(log)[0]["recorded_at_once"]
    assert found.count == count == 60


def test_cases_whose_events_all_have_one_time(look):
    log = Planted()
    cases = {f"O{n:04d}" for n in range(100, 110)}
    first = {r.case: r.start for r in reversed(log.rows)}
    log.change(lambda r: r.case in cases, start=lambda r: first[r.case], end=lambda r: first[r.case])
    found = only(look(log)[0], "one_moment_cases")
    assert (found.count, found.severity) == (10, "info") and set(found.examples) <= cases


def test_cases_cut_at_both_ends_are_estimated(look):
    log = Planted()
    begin, end = datetime(2025, 1, 27, 9), datetime(2025, 3, 10, 11)
    whole = {r.case: [] for r in log.rows}
    for r in log.rows:
        whole[r.case].append(r)
    kept = [r for r in log.rows if begin <= r.end < end]
    left = {r.case for r in kept}
    cut_start = {c for c in left if whole[c][0].end < begin}
    cut_end = {c for c in left if whole[c][-1].end >= end}
    assert len(cut_start) >= 1 and len(cut_end) >= 1
    log.rows = kept
    findings, _ = look(log)
    told_start = findings["cut_at_start"].count if "cut_at_start" in findings else 0
    told_end = findings["cut_at_end"].count if "cut_at_end" in findings else 0
    assert abs(told_start - len(cut_start)) <= 3
    assert abs(told_end - len(cut_end)) <= 3
    assert set(findings) <= {"cut_at_start", "cut_at_end", "one_event_cases"}


def test_many_cut_cases_lower_the_gate(look):
    log = Planted(every_h=0.4)
    whole = {r.case: r.activity for r in log.rows}
    made_at = sorted(r.start for r in log.rows)[int(0.75 * len(log.rows))]
    log.rows = [r for r in log.rows if r.end < made_at]
    last = {r.case: r.activity for r in log.rows}
    cut = {case for case, activity in last.items() if activity != whole[case]}
    findings, gate = look(log)
    found = findings["cut_at_end"]
    assert found.severity == "warning" and set(found.examples) <= cut
    assert abs(found.count - len(cut)) <= 0.15 * len(cut)
    assert gate.verdict == "pilot" and any("cut at the edges" in reason for reason in gate.reasons)


def test_a_process_with_many_endings_is_not_said_to_be_cut(look):
    log, rng = Planted(), Random(3)
    ends = {f"O{n:04d}": rng.choice(STEPS[2:]) for n in range(300)}
    seen: set[str] = set()
    kept = []
    for row in log.rows:
        if row.case not in seen:
            kept.append(row)
        if row.activity == ends[row.case]:
            seen.add(row.case)
    log.rows = kept
    assert "cut_at_end" not in look(log)[0]


@pytest.mark.parametrize(
    "other", ["send invoice", "Send  Invoice", "Send_invoice", "Send invocie", "Invoice send", "Sent invoice"]
)
def test_two_names_for_one_activity_are_found_and_a_command_mends_it(room, look, other):
    log = Planted()
    cases = {f"O{n:04d}" for n in range(0, 300, 10)}
    log.change(lambda r: r.activity == "Send invoice" and r.case in cases, activity=other)
    found = only(look(log)[0], "likely_synonyms")
    assert found.count == 30
    assert found.examples == (other, "Send invoice")
    assert f"={'Send invoice'}" in found.command and found.command.startswith("baton shape orders --rename ")


def test_names_that_are_alike_in_one_case_or_in_other_places_are_no_synonyms(look):
    log = Planted()
    log.change(lambda r: r.activity == "Approve", activity="Send invoices")  # alike, and in the same cases
    assert not look(log)[0]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Approve", "Unapprove"), ("Paid", "Unpaid"), ("Step 1", "Step 2"), ("Level 10", "Level 11"),
        ("Declaration approved by admin", "Declaration rejected by admin"),
        ("Approve order", "Approve invoice"),
        ("Check in", "Check out"), ("Open", "Reopen"),
    ],
)  # fmt: skip
def test_words_that_mean_another_thing_are_not_alike(a, b):
    assert not _near(_words(a), _words(b))


def test_waits_with_a_floor_point_at_work_that_no_system_sees(look):
    log, rng = Planted(), Random(5)
    delay = {r.case: timedelta(hours=rng.uniform(30, 60)) for r in log.rows}
    log.change(
        lambda r: r.activity in ("Ship", "Send invoice"),
        start=lambda r: r.start + delay[r.case], end=lambda r: r.end + delay[r.case],
    )  # fmt: skip
    found = look(log)[0]["off_system_work"]
    assert found.count == 300
    assert "'Pick goods' and 'Ship'" in found.message
    assert "--add 'STEP' --after 'Pick goods' --before Ship --typical" in found.command


def test_a_period_that_is_always_the_same_is_a_timer(look):
    log = Planted()
    ended = {r.case: r.end for r in log.rows if r.activity == "Pick goods"}
    for step, days in (("Ship", 14), ("Send invoice", 15)):
        log.change(
            lambda r, step=step: r.activity == step,
            start=lambda r, d=days: ended[r.case] + timedelta(days=d),
            end=lambda r, d=days: ended[r.case] + timedelta(days=d, minutes=5),
        )  # fmt: skip
    findings, _ = look(log)
    assert "fixed_waits" in findings and "off_system_work" not in findings


def test_programs_are_told_by_what_they_do(look):
    log, rng = Planted(), Random(9)

    def any_time(row: Row) -> datetime:
        return row.start + timedelta(minutes=rng.randrange(7 * 24 * 60))

    robot = {row.case: any_time(row) for row in log.rows if row.activity == "Send invoice"}
    log.change(
        lambda r: r.activity == "Send invoice",
        resource="K17", start=lambda r: robot[r.case], end=lambda r: robot[r.case] + timedelta(seconds=12),
    )  # fmt: skip
    findings, _ = look(log)
    assert findings["likely_bots"].examples == ("K17",)
    assert "day and night" in findings["likely_bots"].message


def test_a_name_alone_makes_no_program_and_night_work_of_all_none_either(look):
    log = Planted()
    log.change(lambda r: r.resource == "Ada", resource="Systems team bot")
    assert not look(log)[0]


def test_a_log_that_never_sleeps_has_no_programs(look):
    log, rng = Planted(), Random(2)
    shift = {r.case: timedelta(hours=rng.randrange(0, 24 * 7)) for r in log.rows}
    log.change(lambda _: True, start=lambda r: r.start + shift[r.case], end=lambda r: r.end + shift[r.case])
    assert "likely_bots" not in look(log)[0]


def test_cases_of_one_event_and_cases_of_thousands(look):
    log = Planted()
    short = {f"O{n:04d}" for n in range(120, 140)}
    log.rows = [r for r in log.rows if r.case not in short or r.activity == "Send invoice"]
    base = log.rows[0].end
    steps = [(base + timedelta(minutes=7 * n), STEPS[n % 6]) for n in range(1_500)]
    log.rows += [Row("0", name, t, t + timedelta(minutes=3), PEOPLE[n % 5], ("mail", "web")[n % 2], "North")
                 for n, (t, name) in enumerate(steps)]  # fmt: skip
    findings, _ = look(log)
    assert (findings["one_event_cases"].count, findings["giant_cases"].count) == (20, 1)
    assert findings["giant_cases"].examples == ("0",)


def test_ids_in_the_names_of_activities(look):
    log = Planted()
    count = log.change(
        lambda r: r.activity == "Ship", activity=lambda r: f"Ship parcel {90_000 + int(r.case[1:])}"
    )
    findings, _ = look(log)
    assert findings["numbers_in_activities"].count == count
    assert "'Ship parcel #'" in findings["numbers_in_activities"].do


def test_a_dozen_numbered_steps_are_no_ids(look):
    log = Planted()
    log.change(lambda _: True, activity=lambda r: f"Step {STEPS.index(r.activity) + 7}")
    assert not look(log)[0]


def test_the_gate_refuses_what_was_hardly_loaded(room):
    text = Planted().text().splitlines()
    broken = [line.replace("2025-", "20x5-") if n % 3 == 1 else line for n, line in enumerate(text)]
    room.load(room.file("orders.csv", "\n".join(broken)), "orders")
    gate = quality(room.context, QualityRequest(log="orders")).gate
    assert gate.verdict == "refuse"
    assert "of the rows could not be loaded" in gate.reasons[0]
    assert {c.check: c.verdict for c in gate.checks}["set_aside"] == "refuse"


def test_few_cases_are_a_pilot_at_most(look):
    assert look(Planted(cases=12))[1].verdict == "pilot"
    assert read_limits()["complete_cases"]["pilot"] == 20


def test_limits_are_edited_in_one_file(room, look):
    limits = room.folder / "home" / "gate.toml"
    look(Planted(cases=60))
    limits.write_text("[complete_cases]\nrefuse = 100\n")
    found = quality(room.context, QualityRequest(log="orders"))
    assert found.gate.verdict == "refuse" and "Only 60 complete cases" in found.gate.reasons[0]
    limits.write_text("[complete]\nrefuse = 100\n")
    with pytest.raises(SettingError, match="there is no check 'complete'"):
        quality(room.context, QualityRequest(log="orders"))
    limits.write_text("[complete_cases]\nrefuse = 'many'\n")
    with pytest.raises(SettingError, match="no level 'refuse'"):
        quality(room.context, QualityRequest(log="orders"))


def test_every_check_has_limits_and_every_limit_a_check():
    assert set(read_limits()) == set(WORDS)


def test_it_is_computed_once_for_each_state_of_a_log(room, look, monkeypatch):
    look(Planted(cases=60))
    before = quality(room.context, QualityRequest(log="orders"))
    monkeypatch.setattr("ingest.quality.command.findings", None)
    assert quality(room.context, QualityRequest(log="orders")) == before
    monkeypatch.undo()
    room.load(room.file("more.csv", Planted(cases=80, seed=4).text()), "orders", append=True)
    assert find_log(room.context.events, "orders").cases == 80
    assert quality(room.context, QualityRequest(log="orders")) != before


def test_what_loading_found_is_told_again(room):
    text = "case_id,activity,timestamp\n1,A,2025-01-01T10:00:00\n1,B,soon\n2,A,2025-01-02T10:00:00\n"
    room.load(room.file("orders.csv", text), "orders")
    found = quality(room.context, QualityRequest(log="orders"))
    (source,) = found.sources
    assert (source.seen, source.loaded, source.set_aside) == (3, 2, 1)
    assert {f.code for f in source.findings} == {"unreadable_time", "tz_assumed"}
    assert any("soon" in line for line in found.lines())


def test_a_log_that_is_not_there(room):
    with pytest.raises(NotFound):
        quality(room.context, QualityRequest(log="none"))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("fullness", {}), ("resource_names", {}), ("repeated", {}), ("times_of_day", {}),
        ("clock", {"minutes": [0], "late": datetime(2030, 1, 1)}), ("crowded", {}), ("instant", {}),
        ("edge_firsts", {"window_s": 1.0}), ("edge_lasts", {"window_s": 1.0}), ("spans", {}),
        ("giants", {"least": 10}), ("neighbours", {}), ("together", {"a": 0, "b": 1}),
        ("waits", {"least": 1}),
        ("rhythm", {"tz": "UTC", "least": 1, "every": 1}), ("sources", {}), ("stored", {}),
    ],
)  # fmt: skip
def test_every_question_fits_the_tables(room, name, parameters):
    room.load(room.file("o.csv", "case_id,activity,timestamp\n1,A,2025-01-01T10:00:00Z\n"), "orders")
    with room.context.events.cursor(find_log(room.context.events, "orders").schema) as cursor:
        sql = read_sql("ingest.quality.sql", name)
        assert sql.startswith("-- One row")
        cursor.execute(sql, parameters).fetchall()


@pytest.mark.parametrize(
    ("time", "code"),
    [("2025-10-26 02:30:00", "clock_overlap"), ("2025-03-30 02:30:00", "clock_gap"),
     ("2025-07-01 02:30:00", None)],
)  # fmt: skip
def test_hours_that_the_clocks_showed_twice_or_never_are_told(room, time, code):
    text = f"case_id,activity,timestamp\n1,A,{time}\n1,B,2025-12-01 12:00:00\n"
    report = room.load(room.file("o.csv", text), "orders", tz="Europe/Berlin")
    assert [f.code for f in report.findings if f.code.startswith("clock_")] == ([code] if code else [])

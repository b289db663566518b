"""Temporal histories: the many events of a run become the steps that they describe."""

import gzip
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ingest.adapters.temporal.events import kind_of, moment
from ingest.errors import Unfit
from tests.ingest.adapter_reading import read

WORKER, CLIENT = "17@worker-a", "9@client"


class Run:
    """Writes the history of one run, a second per event."""

    def __init__(self, run: str = "run-1", workflow: str = "order-7") -> None:
        self.events: list[dict[str, Any]] = []
        self.add(
            "WorkflowExecutionStarted",
            workflowType={"name": "Order"},
            taskQueue={"name": "orders"},
            originalExecutionRunId=run,
            workflowId=workflow,
            identity=CLIENT,
            attempt=1,
            searchAttributes={"indexedFields": {"Region": {"metadata": {}, "data": "Im5vcnRoIg=="}}},
        )

    def add(self, kind: str, **given: Any) -> str:
        key = str(len(self.events) + 1)
        attributes = kind[0].lower() + kind[1:] + "EventAttributes"
        self.events.append(
            {"eventId": key, "eventTime": self.at(len(self.events)), "eventType": kind, attributes: given}
        )
        return key

    @staticmethod
    def at(second: int) -> str:
        return f"2026-03-02T08:00:{second:02d}.123456789Z"

    def write(self, path: Path, wrap: str = "events") -> Path:
        document: Any = {
            "list": self.events,
            "events": {"events": self.events},
            "history": {"history": {"events": self.events}},
        }[wrap]
        path.write_text(json.dumps(document), encoding="utf-8")
        return path


def activity(run: Run, name: str, end: str = "Completed", attempt: int = 1, **given: Any) -> None:
    key = run.add(
        "ActivityTaskScheduled", activityId=name, activityType={"name": name}, taskQueue={"name": "q"}
    )
    last = {"lastFailure": {"message": "no answer", "cause": {"message": "timeout"}}} if attempt > 1 else {}
    begun = run.add("ActivityTaskStarted", scheduledEventId=key, identity=WORKER, attempt=attempt, **last)
    run.add(f"ActivityTask{end}", scheduledEventId=key, startedEventId=begun, identity=WORKER, **given)


def planted() -> Run:
    run = Run()
    run.add("WorkflowTaskScheduled")
    activity(run, "reserve")
    activity(run, "charge", attempt=3)
    activity(run, "notify", "Failed", failure={"message": "mailbox full"})
    activity(run, "print", "TimedOut", failure={"message": "start-to-close"})
    activity(run, "pack", "Canceled")
    timer = run.add("TimerStarted", timerId="t1", startToFireTimeout="1s")
    run.add("WorkflowExecutionSignaled", signalName="paid", identity=CLIENT)
    run.add("TimerFired", timerId="t1", startedEventId=timer)
    late = run.add("TimerStarted", timerId="t2")
    run.add("TimerCanceled", timerId="t2", startedEventId=late)
    child = run.add(
        "StartChildWorkflowExecutionInitiated", workflowId="ship-7", workflowType={"name": "Ship"}
    )
    run.add(
        "ChildWorkflowExecutionStarted",
        initiatedEventId=child,
        workflowExecution={"workflowId": "ship-7", "runId": "run-2"},
    )
    run.add("ChildWorkflowExecutionCompleted", initiatedEventId=child, startedEventId=str(int(child) + 1))
    lost = run.add("StartChildWorkflowExecutionInitiated", workflowId="bill-7", workflowType={"name": "Bill"})
    run.add("StartChildWorkflowExecutionFailed", initiatedEventId=lost)
    sent = run.add(
        "SignalExternalWorkflowExecutionInitiated", signalName="go", workflowExecution={"workflowId": "w"}
    )
    run.add("ExternalWorkflowExecutionSignaled", initiatedEventId=sent)
    update = run.add(
        "WorkflowExecutionUpdateAccepted",
        acceptedRequest={"input": {"name": "add"}, "meta": {"identity": CLIENT}},
    )
    run.add(
        "WorkflowExecutionUpdateCompleted",
        acceptedEventId=update,
        outcome={"failure": {"message": "sold out"}},
    )
    run.add("ActivityTaskScheduled", activityId="z", activityType={"name": "archive"})
    run.add("MarkerRecorded", markerName="Version")
    run.add("WorkflowExecutionCompleted")
    return run


STEPS = [
    # activity, first and last second, outcome, resource
    ("workflow started", None, 0, None, CLIENT),
    ("reserve", 3, 4, "completed", WORKER),
    ("charge", 6, 7, "completed", WORKER),
    ("notify", 9, 10, "failed", WORKER),
    ("print", 12, 13, "timed out", WORKER),
    ("pack", 15, 16, "cancelled", WORKER),
    ("signal paid", None, 18, None, CLIENT),
    ("timer", 17, 19, "fired", None),
    ("timer", 20, 21, "cancelled", None),
    ("child workflow Ship", 23, 24, "completed", None),
    ("child workflow Bill", 25, 26, "failed", None),
    ("send signal go", 27, 28, "completed", None),
    ("update add", 29, 30, "failed", CLIENT),
    ("archive", None, 31, "running", None),
    ("workflow completed", None, 33, None, None),
]


def short(row: dict[str, Any]) -> tuple[object, ...]:
    def second(name: str) -> int | None:
        return int(row[name][17:19]) if name in row else None

    return (
        row["concept:name"],
        second("start_timestamp"),
        second("time:timestamp"),
        row.get("outcome"),
        row.get("org:resource"),
    )


@pytest.mark.parametrize("wrap", ["events", "history", "list"])
def test_steps_have_their_start_end_outcome_and_who(tmp_path, wrap):
    found = read(planted().write(tmp_path / "h.json", wrap))
    assert found.adapter == "temporal"
    assert [short(row) for row in found.rows] == STEPS
    assert not found.aside
    assert {f.code: f.count for f in found.findings} == {"engine_events": 2, "running_steps": 1}
    rows = {row["concept:name"]: row for row in found.rows}
    assert (rows["charge"]["attempt"], rows["charge"]["failure"]) == ("3", "no answer: timeout")
    assert rows["notify"]["failure"] == "mailbox full"
    assert rows["update add"]["failure"] == "sold out"
    assert rows["reserve"]["enabled"] == "2026-03-02T08:00:02.123456Z"
    assert rows["child workflow Ship"]["child_run_id"] == "run-2"
    assert rows["reserve"]["#row"] == 3
    (case,) = found.cases
    assert case["case:concept:name"] == "run-1"
    assert (case["case:workflow_id"], case["case:workflow_type"]) == ("order-7", "Order")
    assert (case["case:workflow_outcome"], case["case:search:Region"]) == ("completed", "north")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-03-02T08:00:00.123456789Z", "2026-03-02T08:00:00.123456Z"),
        ("2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        ({"seconds": "1772438400", "nanos": "123456789"}, "2026-03-02T08:00:00.123456Z"),
        ({"seconds": "1772438400"}, "2026-03-02T08:00:00.000000Z"),
        ("1772438400123456789", "2026-03-02T08:00:00.123456Z"),
        ("1772438400123", "2026-03-02T08:00:00.123000Z"),
        ("1772438400", "2026-03-02T08:00:00.000000Z"),
        ({"seconds": "many"}, None),
        (None, None),
        ({"seconds": "9" * 30}, None),
    ],
)
def test_times_in_every_form(written, read_as):
    assert moment(written) == read_as


def test_kinds_of_events_in_both_spellings():
    for spelling in ("EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT", "ActivityTaskTimedOut"):
        assert kind_of({"eventType": spelling}) == "ActivityTaskTimedOut"
    assert (
        kind_of({"eventType": "EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED"})
        == "StartChildWorkflowExecutionInitiated"
    )


def test_a_single_history_is_no_surprise(room):
    assert room.load(planted().write(room.folder / "h.json")).status == "ok"


def test_a_folder_and_a_zip_of_histories_are_the_same_source(room):
    folder = room.folder / "histories"
    (folder / "deep").mkdir(parents=True)
    Run("run-1").write(folder / "a.json")
    planted().write(folder / "deep" / "b.json")
    (folder / "c.json").write_bytes(gzip.compress(Run("run-3").write(folder / "c.json").read_bytes()))
    (folder / ".DS_Store").write_bytes(b"\0\0")
    packed = room.folder / "histories.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*.json")):
            data = path.read_bytes()
            plain = gzip.decompress(data) if data.startswith(b"\x1f") else data
            archive.writestr(path.relative_to(folder).as_posix(), plain)
        archive.writestr("__MACOSX/._a.json", b"\0")
    report = room.load(folder, "folder")
    assert (report.cases, report.events, report.seen) == (3, 17, 17), "two runs are called run-1"
    assert "duplicate_case_ids" in [f.code for f in report.findings]
    room.load(packed, "zip")
    assert room.rows("event", "zip") == room.rows("event", "folder")
    again = room.load(packed, "folder", replace=True)
    assert again.message.endswith("nothing changed."), "the same content by another way"


def test_parts_that_cannot_be_are_set_aside(room):
    run = planted()
    run.add("ActivityTaskCompleted", scheduledEventId="999")
    run.add("ActivityTaskCompleted", scheduledEventId="3", startedEventId="4")
    run.add("CoffeeMade")
    run.events.append(dict(run.events[5]))
    run.events.append("nonsense")  # type: ignore[arg-type]
    report = room.load(run.write(room.folder / "h.json"))
    assert (report.loaded, report.set_aside) == (len(STEPS), 5)
    reasons = [reason for (reason,) in room.query("select reason from set_aside")]
    assert reasons == [
        "ActivityTaskCompleted refers to scheduledEventId 999, which the history does not have",
        "ActivityTaskCompleted ends a step that has ended already",
        "an event of the kind 'CoffeeMade', which is not known",
        "the event 6 occurs twice",
        "no object",
    ]


def test_a_history_without_its_run_is_called_after_its_file(tmp_path):
    run = planted()
    del run.events[0]["workflowExecutionStartedEventAttributes"]
    found = read(run.write(tmp_path / "h.json"))
    assert found.cases[0]["case:concept:name"] == "h.json"
    assert "nameless_runs" in found.codes


BROKEN = {
    "cut": (lambda text: text[:-30], "truncated"),
    "not well-formed": (lambda text: text.replace('"eventId": "3"', '"eventId": }'), "line"),
    "no events": (lambda text: '{"events": [], "x": {"eventType": "WorkflowExecutionStarted"}}', "no events"),
    "deep": (lambda text: text[:-1] + ', "x": ' + "[" * 10**5 + "]" * 10**5 + "}", "depth"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_history_is_refused_whole(room, case):
    breaking, word = BROKEN[case]
    path = planted().write(room.folder / "h.json")
    path.write_text(breaking(path.read_text()))
    assert word in room.rejected(path).message


def test_one_broken_document_refuses_the_folder_and_is_named(room):
    folder = room.folder / "histories"
    folder.mkdir()
    planted().write(folder / "a.json")
    path = planted().write(folder / "b.json")
    path.write_text(path.read_text()[:-30])
    assert "b.json" in room.rejected(folder).message
    with pytest.raises(Unfit, match="members"):
        (folder / "b.json").write_text("case,activity\n")
        read(folder)


@pytest.mark.logs
def test_every_public_history_comes_in(room, public_logs):
    folder = public_logs / "temporal_histories"
    kinds: Counter[str] = Counter()
    for path in folder.glob("*.json"):
        kinds.update(kind_of(event) for event in json.loads(path.read_text())["events"])
    report = room.load(folder)
    steps = (
        "ActivityTaskScheduled",
        "TimerStarted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionSignaled",
    )
    ends = (
        "WorkflowExecutionStarted",
        "WorkflowExecutionCompleted",
        "WorkflowExecutionCanceled",
        "WorkflowExecutionCancelRequested",
    )
    assert report.cases == 18
    assert report.events == report.seen == sum(kinds[kind] for kind in (*steps, *ends))
    assert report.status == "ok"
    bookkeeping = sum(count for kind, count in kinds.items() if kind.startswith("WorkflowTask"))
    assert {f.code: f.count for f in report.findings} == {"engine_events": bookkeeping, "running_steps": 3}

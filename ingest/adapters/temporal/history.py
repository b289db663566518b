"""What happened in one Temporal workflow run: its history of small events, put together to steps.

Temporal writes an event when an activity is scheduled, another when a worker takes it, a third when it
ends; they refer to one another by number. A step is what they describe together: its start, its end, who
did it, at which attempt and with what outcome.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.adapters.temporal.events import (
    BOOKKEEPING,
    CLOSES,
    ENDS,
    OPENS,
    STARTS,
    attributes_of,
    failure_of,
    kind_of,
    moment,
    name_of,
    object_of,
    payload_text,
    position_of,
    text_of,
)

Columns = dict[str, str | None]
CASE, ACTIVITY, TIME, START, RESOURCE = (
    "case:concept:name",
    "concept:name",
    "time:timestamp",
    "start_timestamp",
    "org:resource",
)
REFERS = ("scheduledEventId", "startedEventId", "initiatedEventId", "acceptedEventId")


@dataclass
class Step:
    """One thing that was done or happened."""

    number: int
    """Of the event that opened it, from 1 in its document."""
    opened: str | None
    columns: Columns
    key: str = ""
    """Its event's own number, to which later events refer."""
    started: str | None = None
    closed: bool = False


@dataclass
class Odd:
    """An event that cannot be put to a step."""

    number: int
    reason: str
    event: Any
    code: str = "malformed_row"


@dataclass
class History:
    """One run: its steps in the order in which they ended, and what is known of the run as a whole."""

    name: str
    case: Columns = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    bookkeeping: int = 0
    running: int = 0
    """Steps that had not ended when the history was written."""

    @classmethod
    def of(cls, events: list[Any], name: str) -> "History":
        """Put the events of one document together."""
        history = cls(name)
        _Reader(history).read(events)
        return history


class _Reader:
    def __init__(self, history: History) -> None:
        self.history = history
        self.open: dict[str, Step] = {}
        self.began: dict[str, str] = {}
        """Number of a started event to that of the event that scheduled it."""

    def read(self, events: list[Any]) -> None:
        seen: set[str] = set()
        for number, event in enumerate(events, start=1):
            if not isinstance(event, dict):
                self._odd(number, "no object", event)
                continue
            key = str(event.get("eventId", ""))
            if key in seen:
                self._odd(number, f"the event {key} occurs twice", event, "duplicate_key")
                continue
            seen.add(key)
            self._take(number, key, event)
        self.history.running = sum(not step.closed for step in self.open.values())
        for step in self.open.values():
            if not step.closed:
                step.columns |= {TIME: step.started or step.opened, "outcome": "running"}
                self.history.steps.append(step)
        self.history.steps.sort(key=lambda step: (position_of(step.columns.get(TIME)), step.number))
        self._name_case()

    def _take(self, number: int, key: str, event: dict[str, Any]) -> None:
        kind, given, at = kind_of(event), attributes_of(event), moment(event.get("eventTime"))
        if kind in OPENS:
            columns = _about(OPENS[kind], given)
            self.open[key] = Step(number, at, columns | {"event_id": key, "enabled": at}, key)
        elif kind in STARTS or kind in CLOSES:
            self._go_on(number, key, kind, given, at, event)
        elif kind == "WorkflowExecutionStarted":
            self._begin(number, key, given, at)
        elif kind in ENDS:
            self.history.case["case:workflow_outcome"] = ENDS[kind]
            self._happened(number, key, at, f"workflow {ENDS[kind]}", given)
        elif kind == "WorkflowExecutionSignaled":
            self._happened(number, key, at, f"signal {text_of(given.get('signalName')) or ''}".strip(), given)
        elif kind == "WorkflowExecutionCancelRequested":
            self._happened(number, key, at, "cancellation requested", given)
        elif BOOKKEEPING.fullmatch(kind):
            self.history.bookkeeping += 1
        else:
            self._odd(number, f"an event of the kind {kind!r}, which is not known", event, "unknown_event")

    def _begin(self, number: int, key: str, given: dict[str, Any], at: str | None) -> None:
        parent = object_of(given.get("parentWorkflowExecution"))
        case = {
            "run_id": given.get("originalExecutionRunId"),
            "workflow_id": given.get("workflowId"),
            "workflow_type": name_of(given.get("workflowType")),
            "workflow_task_queue": name_of(given.get("taskQueue")),
            "workflow_attempt": given.get("attempt"),
            "parent_workflow_id": parent.get("workflowId"),
            "continued_from": given.get("continuedExecutionRunId"),
            "first_run_id": given.get("firstExecutionRunId"),
        }
        self.history.case |= {f"case:{name}": text_of(value) for name, value in case.items()}
        fields = object_of(object_of(given.get("searchAttributes")).get("indexedFields"))
        for name, payload in fields.items():
            self.history.case[f"case:search:{name}"] = payload_text(payload)
        self._happened(number, key, at, "workflow started", given)

    def _happened(self, number: int, key: str, at: str | None, what: str, given: dict[str, Any]) -> None:
        """A step that takes no time."""
        columns: Columns = {ACTIVITY: what, TIME: at, "event_id": key, "kind": "workflow"}
        if what.startswith("signal"):
            columns["kind"] = "signal"
        columns |= {RESOURCE: text_of(given.get("identity")), "failure": failure_of(given)}
        self.history.steps.append(Step(number, at, columns, key, closed=True))

    def _go_on(
        self, number: int, key: str, kind: str, given: dict[str, Any], at: str | None, event: dict[str, Any]
    ) -> None:
        step = self._referred(given)
        if step is None:
            said = next((f"{name} {given[name]}" for name in REFERS if name in given), "no event")
            reason = f"{kind} refers to {said}, which the history does not have"
            self._odd(number, reason, event, "dangling_reference")
        elif step.closed:
            self._odd(number, f"{kind} ends a step that has ended already", event)
        elif kind in STARTS:
            self.began[key] = step.key
            step.started = at
            started = {"identity": RESOURCE, "attempt": "attempt"}
            step.columns |= {column: text_of(given.get(n)) for n, column in started.items() if n in given}
            step.columns["failure"] = failure_of({"failure": given.get("lastFailure")})
            step.columns |= _child(given)
        else:
            self._close(step, kind, given, at)

    def _close(self, step: Step, kind: str, given: dict[str, Any], at: str | None) -> None:
        step.closed = True
        step.columns[TIME] = at
        step.columns[START] = step.started or (None if step.columns["kind"] == "activity" else step.opened)
        outcome = CLOSES[kind]
        if kind == "WorkflowExecutionUpdateCompleted" and "failure" in object_of(given.get("outcome")):
            outcome = "failed"
        step.columns["outcome"] = outcome
        step.columns[RESOURCE] = step.columns.get(RESOURCE) or text_of(given.get("identity"))
        step.columns["failure"] = (
            failure_of(given) or failure_of(object_of(given.get("outcome"))) or step.columns.get("failure")
        )
        step.columns |= _child(given)
        self.history.steps.append(step)

    def _referred(self, given: dict[str, Any]) -> Step | None:
        """The step that an event goes on with, by the number of what opened it or of what began it."""
        for name in REFERS:
            key = str(given.get(name, ""))
            step = self.open.get(key) or self.open.get(self.began.get(key, ""))
            if step is not None:
                return step
        return None

    def _name_case(self) -> None:
        """A case is called after its run; a history that does not say is called after its file."""
        case = self.history.case
        case[CASE] = case.get("case:run_id") or case.get("case:workflow_id") or self.history.name
        case["case:history"] = self.history.name

    def _odd(self, number: int, reason: str, event: Any, code: str = "malformed_row") -> None:
        self.history.odd.append(Odd(number, reason, event, code))


def _about(kind: str, given: dict[str, Any]) -> Columns:
    """What the event that opens a step says of it."""
    columns: Columns = {"kind": kind}
    target = text_of(object_of(given.get("workflowExecution")).get("workflowId"))
    match kind:
        case "activity":
            columns[ACTIVITY] = name_of(given.get("activityType"))
            columns |= {
                "activity_id": text_of(given.get("activityId")),
                "task_queue": name_of(given.get("taskQueue")),
            }
        case "timer":
            columns |= {ACTIVITY: "timer", "timer_id": text_of(given.get("timerId"))}
        case "child workflow":
            columns[ACTIVITY] = f"child workflow {name_of(given.get('workflowType')) or ''}".strip()
            columns["child_workflow_id"] = text_of(given.get("workflowId"))
        case "signal sent":
            columns[ACTIVITY] = f"send signal {text_of(given.get('signalName')) or ''}".strip()
            columns["target_workflow_id"] = target
        case "cancellation sent":
            columns |= {ACTIVITY: "send cancellation", "target_workflow_id": target}
        case "nexus operation":
            columns[ACTIVITY] = (
                f"{text_of(given.get('service')) or ''} {text_of(given.get('operation')) or ''}".strip()
            )
        case _:
            request = object_of(given.get("acceptedRequest"))
            columns[ACTIVITY] = f"update {text_of(object_of(request.get('input')).get('name')) or ''}".strip()
            columns[RESOURCE] = text_of(object_of(request.get("meta")).get("identity"))
    return columns


def _child(given: dict[str, Any]) -> Columns:
    run = text_of(object_of(given.get("workflowExecution")).get("runId"))
    return {"child_run_id": run} if run else {}


def steps_of(history: History) -> Iterator[tuple[int, Columns]]:
    """Number of each step's event, and its columns without those that say nothing."""
    for step in history.steps:
        yield step.number, {name: value for name, value in step.columns.items() if value is not None}

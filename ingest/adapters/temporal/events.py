"""The events of a Temporal history: which kinds there are, and how their values are written."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

OPENS = {
    "ActivityTaskScheduled": "activity",
    "TimerStarted": "timer",
    "StartChildWorkflowExecutionInitiated": "child workflow",
    "SignalExternalWorkflowExecutionInitiated": "signal sent",
    "RequestCancelExternalWorkflowExecutionInitiated": "cancellation sent",
    "NexusOperationScheduled": "nexus operation",
    "WorkflowExecutionUpdateAccepted": "update",
}
"""Events that open a step, and its kind."""
STARTS = frozenset(("ActivityTaskStarted", "ChildWorkflowExecutionStarted", "NexusOperationStarted"))
"""Events that say that somebody began."""
CLOSES = {
    "ActivityTaskCompleted": "completed",
    "ActivityTaskFailed": "failed",
    "ActivityTaskTimedOut": "timed out",
    "ActivityTaskCanceled": "cancelled",
    "TimerFired": "fired",
    "TimerCanceled": "cancelled",
    "ChildWorkflowExecutionCompleted": "completed",
    "ChildWorkflowExecutionFailed": "failed",
    "ChildWorkflowExecutionCanceled": "cancelled",
    "ChildWorkflowExecutionTimedOut": "timed out",
    "ChildWorkflowExecutionTerminated": "terminated",
    "StartChildWorkflowExecutionFailed": "failed",
    "ExternalWorkflowExecutionSignaled": "completed",
    "SignalExternalWorkflowExecutionFailed": "failed",
    "ExternalWorkflowExecutionCancelRequested": "completed",
    "RequestCancelExternalWorkflowExecutionFailed": "failed",
    "NexusOperationCompleted": "completed",
    "NexusOperationFailed": "failed",
    "NexusOperationCanceled": "cancelled",
    "NexusOperationTimedOut": "timed out",
    "WorkflowExecutionUpdateCompleted": "completed",
}
"""Events that end a step, and its outcome."""
ENDS = {
    "WorkflowExecutionCompleted": "completed",
    "WorkflowExecutionFailed": "failed",
    "WorkflowExecutionTimedOut": "timed out",
    "WorkflowExecutionCanceled": "cancelled",
    "WorkflowExecutionTerminated": "terminated",
    "WorkflowExecutionContinuedAsNew": "continued as new",
}
"""Events that end the run, and its outcome."""
BOOKKEEPING = re.compile(
    r"WorkflowTask\w+|MarkerRecorded|UpsertWorkflowSearchAttributes|WorkflowPropertiesModified\w*"
    r"|ActivityTaskCancelRequested|NexusOperationCancelRequest\w+|WorkflowExecutionUpdate(Admitted|Rejected)"
    r"|WorkflowExecutionOptionsUpdated|ActivityPropertiesModified\w*"
)
"""Events of the engine's own: nobody did anything."""


def events_of(document: Any) -> list[Any] | None:
    """The events of an exported history, however it is wrapped; `None` where there are none."""
    if isinstance(document, dict):
        inner = document.get("events", document.get("history"))
        return events_of(inner) if isinstance(inner, dict) else inner if isinstance(inner, list) else None
    return document if isinstance(document, list) else None


def kind_of(event: dict[str, Any]) -> str:
    """`ActivityTaskScheduled`, also where it is written EVENT_TYPE_ACTIVITY_TASK_SCHEDULED."""
    kind = str(event.get("eventType", ""))
    if "_" not in kind:
        return kind
    return "".join(word.title() for word in kind.removeprefix("EVENT_TYPE_").split("_"))


def attributes_of(event: dict[str, Any]) -> dict[str, Any]:
    """What an event says, whatever the key is called."""
    for name, value in event.items():
        if name.lower().endswith("eventattributes") and isinstance(value, dict):
            return value
    found = event.get("attributes")
    return found if isinstance(found, dict) else {}


def moment(value: Any) -> str | None:
    """A time as ISO 8601 to the microsecond: from text, {seconds, nanos}, or a count since 1970."""
    if isinstance(value, dict):
        seconds, nanos = str(value.get("seconds", "0")), str(value.get("nanos", "0"))
        return (
            _since_1970(int(seconds) * 10**9 + int(nanos)) if seconds.isdigit() and nanos.isdigit() else None
        )
    if not isinstance(value, str):
        return None
    if value.isdigit():
        scale = {19: 1, 16: 10**3, 13: 10**6, 10: 10**9}.get(len(value))
        return _since_1970(int(value) * scale) if scale else value
    return re.sub(r"(\.\d{6})\d+", r"\1", value)


def position_of(at: str | None) -> datetime:
    """Where a time belongs in the order of steps; those that are no time come last."""
    try:
        found = datetime.fromisoformat(at or "")
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _since_1970(nanoseconds: int) -> str | None:
    try:
        found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
    return found.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def failure_of(given: Any) -> str | None:
    """What a failure says, and what it says it was caused by."""
    failure = given.get("failure") if isinstance(given, dict) else None
    said: list[str] = []
    while isinstance(failure, dict) and len(said) < 8:
        if message := text_of(failure.get("message")):
            said.append(message)
        failure = failure.get("cause")
    return ": ".join(dict.fromkeys(said)) or None


def payload_text(payload: Any) -> str | None:
    """A payload's JSON as text; other encodings stay as they are."""
    if not isinstance(payload, dict) or not isinstance(payload.get("data"), str):
        return None
    try:
        value = json.loads(base64.b64decode(payload["data"]), parse_int=str, parse_float=str)
    except ValueError:
        return str(payload["data"])
    return text_of(value) if isinstance(value, str | bool) else json.dumps(value, ensure_ascii=False)


def object_of(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def name_of(value: Any) -> str | None:
    """What is written as a name, or as an object with a name."""
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)


def text_of(value: Any) -> str | None:
    """A plain value as text; nothing for lists, objects and the empty text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" or isinstance(value, dict | list) else str(value)

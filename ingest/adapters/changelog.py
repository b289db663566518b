"""Turns an issue with its changelog (as Jira's REST interface gives it) into one row per status move."""

from collections.abc import Iterator
from typing import Any

STATUS, ASSIGNEE = "status", "assignee"


def has_changelog(record: Any) -> bool:
    """Whether the record is an issue that carries `changelog.histories`."""
    changelog = record.get("changelog") if isinstance(record, dict) else None
    return isinstance(changelog, dict) and isinstance(changelog.get("histories"), list)


def moves(issue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The creation of the issue, then each move of its status, in the order of time.

    Each is the issue with `changelog.histories` reduced to the one history and its item `items`, so
    that nested names such as `changelog.histories.items.toString` name columns. The creation is a
    history like the others, by the reporter, to the status the issue began with.
    `changelog.assignee` is who the issue was assigned to after the move.
    """
    histories = sorted(issue["changelog"]["histories"], key=lambda h: str(h.get("created", "")))
    changes = [(history, item) for history in histories for item in history.get("items", [])]
    issue = {key: value for key, value in issue.items() if key != "changelog"}
    fields = issue.get("fields") or {}
    assignee = _first(changes, ASSIGNEE, _person(fields.get("assignee")))
    created = {
        "id": None,
        "created": fields.get("created"),
        "author": fields.get("creator") or fields.get("reporter"),
    }
    status = _first(changes, STATUS, (fields.get("status") or {}).get("name"))
    yield _row(issue, created, {"field": STATUS, "fromString": None, "toString": status}, assignee)
    for history in histories:
        items = history.get("items", [])
        for item in items:
            if item.get("field") == ASSIGNEE:
                assignee = item.get("toString") or item.get("to")
        for item in items:
            if item.get("field") == STATUS:
                yield _row(issue, history, item, assignee)


def _row(
    issue: dict[str, Any], history: dict[str, Any], item: dict[str, Any], assignee: Any
) -> dict[str, Any]:
    plain = {key: value for key, value in history.items() if key != "items"}
    return {**issue, "changelog": {"assignee": assignee, "histories": {**plain, "items": item}}}


def _first(changes: list[tuple[dict[str, Any], dict[str, Any]]], field: str, now: Any) -> Any:
    """What a field was before its first change; where it never changed, what it is now."""
    for _, item in changes:
        if item.get("field") == field:
            return item.get("fromString") or item.get("from")
    return now


def _person(value: Any) -> Any:
    return (value.get("displayName") or value.get("name")) if isinstance(value, dict) else None

"""The ticket system's export: issues with changelogs, shaped like Jira's REST answers, in UTC."""

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ..company.process import Process
from ..company.simulation import Case, Instance


def write_support(process: Process, path: Path) -> None:
    """Write every ticket with the moves of its status; each move is one history entry."""
    moves: dict[Case, list[Instance]] = {case: [] for case in process.cases}
    for done in process.recorded():
        moves[done.case].append(done)
    numbers = count(10_001)
    issues = [
        _issue(number, case, done, numbers) for number, (case, done) in enumerate(moves.items(), start=1)
    ]
    document = {"startAt": 0, "maxResults": len(issues), "total": len(issues), "issues": issues}
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _issue(number: int, case: Case, moves: list[Instance], numbers: "count[int]") -> dict[str, Any]:
    status, assignee, histories = "Open", None, []
    for move in moves:
        items = [_item("status", status, move.activity)]
        status = move.activity
        if move.worker and move.resource != assignee:
            items.append(_item("assignee", assignee, move.resource))
            assignee = move.resource
        author = {"displayName": move.resource}
        histories.append(
            {"id": str(next(numbers)), "author": author, "created": _utc(move.start), "items": items}
        )
    known = case.attributes
    fields = {
        "project": {"key": "SUP"},
        "issuetype": {"name": "Support request"},
        "summary": f"{known['product']}: request {number}",
        "priority": {"name": known["priority"]},
        "customfield_10021": {"value": known["product"]},
        "reporter": {"displayName": known["reporter"]},
        "assignee": {"displayName": assignee} if assignee else None,
        "status": {"name": status},
        "created": _utc(case.arrival),
    }
    changelog = {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories}
    return {"id": str(20_000 + number), "key": case.id, "fields": fields, "changelog": changelog}


def _item(field: str, old: str | None, new: str) -> dict[str, str | None]:
    return {"field": field, "fieldtype": "jira", "from": None, "fromString": old, "to": None, "toString": new}


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

"""What lies beside tasks: remarks, files, and what was decided before in their runs."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from home.contracts import Json
from home.database import Database, Row
from orchestrate.people.moments import moment

AT_ONCE = 500


class Beside:
    """Of some rows of `task`, read in a few queries."""

    def __init__(self, state: Database, tasks: Sequence[Row]) -> None:
        runs = list(dict.fromkeys(str(row["run"]) for row in tasks))
        done = _of(
            state, "select * from task where status = 'done' and run in", runs, "order by decided_at, id"
        )
        ids = dict.fromkeys([*(str(row["id"]) for row in tasks), *(str(row["id"]) for row in done)])
        self._comments: dict[str, list[Json]] = {}
        for row in _of(state, "select * from comment where task in", list(ids), "order by task, n"):
            remark = {"who": row["who"], "at": moment(row["at"]), "text": row["body"]}
            self._comments.setdefault(row["task"], []).append(remark)
        self._files: dict[str, list[Json]] = {}
        for row in _of(state, "select * from attachment where run in", runs, "order by at, task, n"):
            file = {name: row[name] for name in ("task", "n", "file", "size", "sha256", "who")}
            self._files.setdefault(row["run"], []).append(file | {"at": moment(row["at"])})
        self._done: dict[str, list[Row]] = {}
        for row in done:
            self._done.setdefault(row["run"], []).append(row)

    def comments(self, task: str) -> list[Json]:
        """Remarks on a task, the oldest first."""
        return self._comments.get(task, [])

    def attachments(self, run: str) -> list[Json]:
        """Files of a run, the oldest first."""
        return self._files.get(run, [])

    def earlier(self, task: Mapping[str, Any]) -> list[Json]:
        """What was decided in the task's run by other tasks, the oldest first."""
        return [
            {
                "task": row["id"],
                "step": row["name"],
                "outcome": row["outcome"],
                "by": row["decided_by"],
                "at": moment(row["decided_at"]),
                "note": row["note"],
                "comments": self.comments(row["id"]),
            }
            for row in self._done.get(task["run"], [])
            if row["id"] != task["id"] and (row["decided_at"] or 0) <= (task["decided_at"] or float("inf"))
        ]


def _of(state: Database, select: str, names: Sequence[str], order: str) -> list[Row]:
    """The rows of some tasks or runs."""
    found: list[Row] = []
    rest = iter(names)
    while some := list(islice(rest, AT_ONCE)):
        places = {f"n{number}": name for number, name in enumerate(some)}
        found += state.rows(f"{select} ({', '.join(f':{place}' for place in places)}) {order}", places)
    return found

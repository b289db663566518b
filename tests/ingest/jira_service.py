"""A stub of Jira's search over REST: pages by startAt, maxResults capped, changelogs, JQL for what is new."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ingest.rest_traps import Asked, answer, said

MOST = 50
"""Issues on one page, whatever is asked for."""


@dataclass
class Jira:
    """Issues that people move; `now` is the service's clock."""

    token: str
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    asked: list[str] = field(default_factory=list)
    """The JQL of each request."""

    def create(self, key: str, reporter: str = "Ann") -> None:
        """A new issue."""
        self.issues[key] = {
            "id": str(len(self.issues) + 1),
            "key": key,
            "fields": {
                "summary": f"About {key}",
                "created": _stamp(self.now),
                "updated": _stamp(self.now),
                "creator": {"displayName": reporter},
                "assignee": None,
                "status": {"name": "Open"},
                "priority": {"name": "High"},
            },
            "changelog": {"histories": []},
        }

    def change(self, key: str, who: str, **fields: str) -> None:
        """A history with an item per field that changes: `status`, `assignee`, `priority`."""
        issue = self.issues[key]
        items = []
        for name, new in fields.items():
            old = issue["fields"][name] or {}
            word = "displayName" if name == "assignee" else "name"
            items.append({"field": name, "fromString": old.get(word), "toString": new})
            issue["fields"][name] = {word: new}
        history = {
            "id": str(self.now.timestamp()),
            "author": {"displayName": who},
            "created": _stamp(self.now),
        }
        issue["changelog"]["histories"].append({**history, "items": items})
        issue["fields"]["updated"] = _stamp(self.now)

    def __call__(self, asked: Asked) -> bytes:
        """An answer of `/rest/api/3/search`."""
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return answer('{"errorMessages": ["Client must be authenticated."]}', "401 Unauthorized")
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}
        jql = query.get("jql", "")
        self.asked.append(jql)
        found = list(self.issues.values())
        if match := re.search(r'updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)"', jql):
            since = datetime.strptime(match[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            found = [i for i in found if datetime.fromisoformat(i["fields"]["updated"]) >= since]
        elif "updated" in jql.partition("order by")[0]:
            return answer('{"errorMessages": ["Error in the JQL Query"]}', "400 Bad Request")
        found.sort(key=lambda issue: issue["fields"]["updated"])
        start, size = int(query.get("startAt", 0)), min(MOST, int(query.get("maxResults", MOST)))
        issues = found[start : start + size]
        if query.get("expand") != "changelog":
            issues = [{k: v for k, v in issue.items() if k != "changelog"} for issue in issues]
        page = {"startAt": start, "maxResults": size, "total": len(found), "issues": issues}
        return said(page, date=f"{self.now:%a, %d %b %Y %H:%M:%S} GMT")


def _stamp(moment: datetime) -> str:
    """As Jira writes times."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


DECLARATION = """\
[rest.jira]
address = "{address}"
auth = {{ bearer = "{secret}" }}
params = {{ jql = "project = SHOP order by updated", expand = "changelog", fields = "*navigable" }}
records = "issues"

[rest.jira.paginator]
kind = "offset"
parameter = "startAt"
size_parameter = "maxResults"
size = 100
total = "total"

[rest.jira.cursor]               # a pull asks for what was touched since the last one, and takes what is new
rows = "changelog.histories.created"
parameter = "jql"
template = 'project = SHOP and updated >= "{{since}}" order by updated'
format = "%Y-%m-%d %H:%M"
lag_s = 30                       # the search may know of a change some seconds late
"""

"""`baton workload`: who does how much of what, which activities hang on one person, which roles there are."""

from collections.abc import Iterator
from datetime import date

from home.context import Context
from home.contracts import Contract, Response, utc_text
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import percent, plain, table
from mining.contracts import LogRequest
from mining.handover import handover_pairs
from mining.lens import lens
from mining.roles import ALIKE, MOST_RESOURCES, Role, RoleHandover, between, roles

SHOWN = 20


class WorkloadRequest(LogRequest):
    """Asks who does how much."""


class ResourceLoad(Contract):
    """What one resource did."""

    resource: str
    instances: int
    """Activity instances that it completed."""
    share: float
    """Of the instances in view that say who did them."""
    cases: int
    activities: int
    """Different ones."""
    processing_h: float | None = None
    """Hours from start to end of its instances, added up even where they overlap; absent where the log has
    no starts."""
    busiest_week: date
    """Its Monday, in the log's zone."""
    busiest_instances: int
    """Completed in that week."""
    first_at: str
    """First and last completion, UTC."""
    last_at: str


class ActivityLoad(Contract):
    """Who does one activity."""

    activity: str
    instances: int
    per_week: float
    """Instances, over the weeks from the first to the last in view."""
    resources: int
    """That do it; 0 where the log does not say."""
    busiest: str | None = None
    """The resource that does most of it."""
    busiest_share: float | None = None
    """Of the instances that say who did them."""


class Workload(Response):
    """Who does how much of what."""

    log: str
    cases: int
    """Cases in view."""
    instances: int
    """Activity instances in view."""
    unassigned: float
    """Share of them that do not say who did them."""
    resources: list[ResourceLoad]
    """Busiest first."""
    activities: list[ActivityLoad]
    """Commonest first."""
    roles: list[Role]
    """Resources grouped by what they do, busiest first."""
    alike: float
    """Mean cosine similarity of profiles from which groups are one role."""
    handovers: list[RoleHandover]
    """Between roles, and within one, commonest first."""
    message: str = ""

    def lines(self) -> Iterator[str]:
        """Resources, activities, roles, and what roles hand to each other."""
        if not self.resources:
            yield plain(self.message)
            return
        who = f"{len(self.resources):,} resources in {len(self.roles):,} roles"
        yield f"{plain(self.log)}: {self.instances:,} activity instances in {self.cases:,} cases, {who}"
        if self.unassigned:
            yield f"{percent(self.unassigned)} of them do not say who did them, and count for nobody."
        if self.message:
            yield self.message
        yield from self._tables()

    def _tables(self) -> Iterator[str]:
        worked = ("processing_h",) if any(r.processing_h is not None for r in self.resources) else ()
        counted = ("instances", "share", "cases", "activities", *worked)
        dates = ("busiest_week", "first_at", "last_at")
        yield ""
        yield from _first(
            [
                r.model_dump(mode="json")
                | {
                    "share": percent(r.share),
                    "processing_h": None if r.processing_h is None else round(r.processing_h, 1),
                    "busiest_week": f"{r.busiest_week} ({r.busiest_instances:,})",
                    "first_at": r.first_at[:10],
                    "last_at": r.last_at[:10],
                }
                for r in self.resources
            ],
            ("resource", *counted, *dates),
        )
        yield ""
        yield from _first(
            [
                a.model_dump() | {"busiest_share": percent(a.busiest_share), "per_week": round(a.per_week, 1)}
                for a in self.activities
            ],
            ("activity", "instances", "per_week", "resources", "busiest", "busiest_share"),
        )
        yield ""
        for role in self.roles[:SHOWN]:
            who = ", ".join(role.resources[:6]) + (", …" if len(role.resources) > 6 else "")
            yield plain(
                f"Role {role.role}: {', '.join(role.does)}: {percent(role.share)} of the work, "
                f"by {len(role.resources):,} ({who})"
            )
        yield ""
        named = {role.role: f"{role.role} {role.does[0]}" for role in self.roles}
        handed = [
            {"from role": named[h.source], "to role": named[h.target], "times": h.events, "mean_s": h.mean_s}
            for h in self.handovers
            if h.source != h.target
        ]
        yield from _first(handed, ("from role", "to role", "times", "mean_s"))


def workload(context: Context, request: WorkloadRequest) -> Workload:
    """Workload per resource and activity, and roles by what resources do (Song and van der Aalst 2008)."""
    with lens(context, request.log, request.view, request.where) as view:
        zone = {"tz": view.log.tz}
        (instances,) = view.some().cursor.execute("select count(*) from instance").fetchone() or (0,)
        by_resource = rows(view.cursor.execute(read_sql("mining.sql", "workload_resources"), zone))
        by_activity = rows(view.cursor.execute(read_sql("mining.sql", "workload_activities"), zone))
        profiles = _profiles(view.cursor)
        handed = handover_pairs(view.cursor)
    assigned = sum(row["instances"] for row in by_resource)
    found = context.compute(roles, profiles)
    return Workload(
        log=request.log,
        cases=view.cases,
        instances=instances,
        unassigned=1 - assigned / instances,
        resources=[
            ResourceLoad(
                **row
                | {"processing_h": row["processing_h"] if view.timed else None}
                | {"share": row["instances"] / assigned}
                | {name: utc_text(row[name]) for name in ("first_at", "last_at")}
            )
            for row in by_resource
        ],
        activities=[ActivityLoad(**row) for row in by_activity],
        roles=found,
        alike=ALIKE,
        handovers=between(found, handed),
        message=_said(request.log, len(by_resource)),
    )


def _said(log: str, resources: int) -> str:
    if not resources:
        return f"{log!r} does not say who did what."
    if resources > MOST_RESOURCES:
        return f"Only the {MOST_RESOURCES:,} busiest of {resources:,} resources are grouped into roles."
    return ""


def _profiles(cursor: Cursor) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for resource, activity, times in cursor.execute(read_sql("mining.sql", "profiles")).fetchall():
        found.setdefault(resource, {})[activity] = times
    return found


def _first(records: list[dict[str, object]], columns: tuple[str, ...]) -> Iterator[str]:
    yield from table(records[:SHOWN], columns)
    if len(records) > SHOWN:
        yield f"… and {len(records) - SHOWN:,} more; `--json` has all of them."

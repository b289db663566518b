"""`baton doctor`: what is wrong here, in words, and what to do."""

import os
import platform
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from home.context import Context
from home.contracts import Nothing, Response, utc_text
from home.errors import Refused
from home.remote import running_service
from home.text import plain, table
from orchestrate.engine.heartbeat import POSTGRES_CLOCK, SQLITE_CLOCK
from orchestrate.watching.health import Check, Level, lines, ready, runs_well, worst
from orchestrate.watching.watched import endpoint

REACH_S = 2.0


class WorkerSeen(Response):
    """A worker that said that it lives."""

    worker: str
    host: str
    pid: int
    driver: str
    since: str
    """When it started, ISO 8601 in UTC."""
    beat_s: float
    """Seconds since its last heartbeat."""
    drives: int
    """Runs it drives now."""


class Diagnosis(Response):
    """What was looked at."""

    level: Level
    """The worst of the checks."""
    checks: list[Check]
    workers: list[WorkerSeen]
    versions: dict[str, str]
    """Of Baton, Python and what the stores are made of."""

    def lines(self) -> Iterator[str]:
        """One line per check, then workers and versions."""
        yield from map(plain, lines(self.checks))
        if self.workers:
            yield ""
            yield from table([worker.model_dump() for worker in self.workers])
        yield ""
        yield ", ".join(f"{name} {version}" for name, version in self.versions.items())
        if self.level == "ok":
            yield "Everything is well."


class Unwell(Refused):
    """Something does not work; carries the diagnosis."""

    code = "unwell"

    def __init__(self, report: Diagnosis) -> None:
        failed = [check for check in report.checks if check.level == "failed"]
        told = "; ".join(f"{check.check}: {check.found}" for check in failed)
        super().__init__(f"Not well. {told}.", hint=" ".join(check.do for check in failed if check.do))
        self.report = report


def doctor(context: Context, request: Nothing) -> Diagnosis:  # noqa: ARG001
    """Look at the home folder, both stores, the service, workers, queue, clock, disk and collector.

    Ends with exit code 1 where something has failed; what only needs a look does not count.
    """
    checks = [_home(context), *_service(context)]
    checks += ready(context)
    answers = checks[-1].check != "disk"
    if answers:
        checks += runs_well(context)
    if address := endpoint(context.settings):
        checks.append(_collector(address))
    report = Diagnosis(
        level=worst(checks),
        checks=checks,
        workers=_workers(context) if answers else [],
        versions=_versions(context, answers),
    )
    if report.level == "failed":
        raise Unwell(report)
    return report


def _workers(context: Context) -> list[WorkerSeen]:
    clock = POSTGRES_CLOCK if context.state.is_postgres else SQLITE_CLOCK
    rows = context.state.rows(
        f"select id, host, pid, driver, since, {clock} - beat as beat_s,"  # noqa: S608 - one of two clocks
        " (select count(*) from run where run.owner = worker.id) as drives from worker order by id"
    )
    return [
        WorkerSeen(
            worker=row["id"],
            since=utc_text(datetime.fromtimestamp(row["since"], UTC)),
            beat_s=round(max(0.0, row["beat_s"]), 1),
            **{name: row[name] for name in ("host", "pid", "driver", "drives")},
        )
        for row in rows
    ]


def _versions(context: Context, answers: bool) -> dict[str, str]:
    found = {name: version(name) for name in ("baton", "duckdb")} | {"python": platform.python_version()}
    if answers:
        sql = "show server_version" if context.state.is_postgres else "select sqlite_version() as v"
        kind = "postgresql" if context.state.is_postgres else "sqlite"
        found[kind] = str(next(iter((context.state.row(sql) or {"": "?"}).values())))
    return found


def _home(context: Context) -> Check:
    home = context.home
    if not home.exists():
        return Check(check="home", level="ok", found=f"{home} is new", do="The first command makes it.")
    if not os.access(home, os.W_OK | os.X_OK):
        return Check(
            check="home",
            level="failed",
            found=f"{home} cannot be written by this user",
            do=f"Run as its owner (user {home.stat().st_uid}), or name another with --home.",
        )
    if home.stat().st_mode & 0o007:
        return Check(
            check="home", level="warning", found=f"{home} is open to everybody", do=f"chmod o= {home}"
        )
    return Check(check="home", level="ok", found=f"{home} can be written")


def _service(context: Context) -> Iterator[Check]:
    """Whether a service runs on this home, and what it says of the event store."""
    service = running_service(context.home)
    if service is None:
        yield Check(check="service", level="ok", found="none runs on this home; commands work without one")
        return
    answer = service.client.get("/api/ready", timeout=10)
    found: dict[str, Any] = answer.json()
    yield Check(
        check="service",
        level="ok" if answer.is_success else "warning",
        found=f"answers at {service.client.base_url}",
    )
    for check in found.get("checks", ()):
        if check["check"] == "events":
            yield Check.model_validate(check)


def _collector(address: str) -> Check:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), REACH_S).close()
    except OSError as error:
        return Check(
            check="collector",
            level="warning",
            found=f"traces go to {parts.hostname}:{port}, which does not answer: {error.strerror or error}",
            do="Runs go on without traces. Start the collector, or correct otlp_endpoint.",
        )
    return Check(check="collector", level="ok", found=f"{parts.hostname}:{port} takes traces")

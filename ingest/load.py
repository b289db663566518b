"""Loads a source into a log: everything in one transaction, or nothing."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from home.context import Context
from home.duck import Cursor, rows
from home.errors import BatonError, Refused, UsageError
from home.sql import migrations
from ingest import layout, quality
from ingest.adapter import Adapter, Content, Limits, Options, Reading
from ingest.cast import Cast
from ingest.catalog import Entry, keep_log, keep_source, remove
from ingest.contracts import Finding, IngestReport, IngestRequest
from ingest.dates import zone_named
from ingest.decode import opened
from ingest.errors import IngestError, Rejected, Unfit
from ingest.mapping import OPTIONS, Wish, from_toml, resolve
from ingest.registry import choose, misnamed
from ingest.source import resolve_source
from ingest.stage import Stage

TRACE_ID = "case:concept:name"
"""The id of a trace itself, in sources that keep traces apart."""


def ingest(context: Context, request: IngestRequest) -> IngestReport:
    """Read a source and make or extend an event log.

    A file's content decides how it is read, unless `--adapter` says. A column means something when it
    has a canonical name (`case:concept:name`, `concept:name`, `time:timestamp`, `org:resource`, or plain
    `case_id`, `activity`, `timestamp`, `resource`, …) or is mapped with `--map`. Nothing is guessed.

    Rows that cannot be loaded are set aside with a reason (`baton quarantine LOG`); a source that cannot
    be trusted is refused whole. The same content again changes nothing.
    """
    try:
        wish, options = _wishes(context, request)
        limits = Limits(rows=context.settings.max_rows, bytes=context.settings.max_file_bytes)
        found = resolve_source(context, request.source)
        context.job.progress(0.0, "opening")
        with opened(found, limits, context.home / "tmp") as content:
            adapter = choose(content, request.adapter)
            return _Load(context, request, wish, options, content, adapter, limits).run()
    except Unfit as error:
        finding = Finding(
            code=error.word, severity="error", count=1, message=error.message, where=error.where
        )
        report = IngestReport(log=request.log, status="reject", findings=(finding,), message=error.message)
        raise Rejected(report, hint=error.hint) from error
    except duckdb.OutOfMemoryException as error:
        raise IngestError(
            f"{request.source}: the event store ran out of memory; nothing was loaded.",
            hint="Raise the setting memory_limit (BATON_MEMORY_LIMIT=8GB).",
        ) from error
    except (duckdb.Error, OSError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise IngestError(f"{request.source} could not be loaded: {said}. Nothing was kept.") from error


def _wishes(context: Context, request: IngestRequest) -> tuple[Wish, dict[str, str]]:
    """What the mapping file and the command say together; the command wins."""
    wish = Wish()
    options: dict[str, str] = {}
    if request.mapping is not None:
        wish, options = _mapping_file(resolve_source(context, request.mapping))
    typed = {name: getattr(request, name) for name in OPTIONS if getattr(request, name) is not None}
    return Wish.parse(request.map, wish), options | typed


def _mapping_file(path: Path | str) -> tuple[Wish, dict[str, str]]:
    import tomllib

    name = Path(path).name
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"{name} is not readable TOML: {error}.", hint="Mend the line named above."
        ) from error
    return from_toml(content, name)


@dataclass
class _Load:
    """One load on its way."""

    context: Context
    request: IngestRequest
    wish: Wish
    options: dict[str, str]
    content: Content
    adapter: Adapter
    limits: Limits

    def __post_init__(self) -> None:
        self.zone = zone_named(self.options.get("tz"))
        self.now: datetime = self.context.clock.now().replace(tzinfo=None)
        # What the same content would have to be read with to be the same load.
        self.how = json.dumps(
            {"adapter": self.adapter.name, "map": self.wish.fields, **self.options}, sort_keys=True
        )

    def run(self) -> IngestReport:
        """Read, cast, lay out, commit."""
        with self.context.events.writing() as cursor:
            existing = self._existing(cursor)
            known = self.content.digest  # a database's content is known only when it was read
            if known is not None and (same := self._same(cursor, existing, known)):
                return same
            if known is not None:
                self._refuse_surprise(existing)
            stage, reading = self._read(cursor)
            digest = known or (reading.digest() if reading.digest else "")
            if known is None:
                if same := self._same(cursor, existing, digest):
                    return same
                self._refuse_surprise(existing)
            schema = self._schema(cursor, existing)
            cursor.execute(f'set schema = "{schema}"')
            return self._load(cursor, schema, stage, reading, digest)

    def _existing(self, cursor: Cursor) -> dict[str, Any] | None:
        found = rows(cursor.execute("select * from log where name = ?", [self.request.log]))
        return found[0] if found else None

    def _same(self, cursor: Cursor, existing: dict[str, Any] | None, digest: str) -> IngestReport | None:
        """The report of this very load, if the log holds it already (and nothing else, to replace)."""
        if existing is None:
            return None
        sources = rows(cursor.execute(f'select * from "{existing["schema"]}".source'))
        same = [s for s in sources if s["hash"] == digest and s["mapping"] == self.how]
        if not same or (self.request.replace and len(sources) > 1):
            return None
        counts = {name: same[0][name] for name in ("seen", "loaded", "set_aside")}
        message = f"{self.request.log} already holds {self.content.name}; nothing changed."
        return _report(existing, "ok", counts, (), message)

    def _refuse_surprise(self, existing: dict[str, Any] | None) -> None:
        if existing is not None and not (self.request.append or self.request.replace):
            raise Refused(
                f"There is a log {self.request.log!r} already, and this is not what it was loaded from.",
                hint="--append adds to it, --replace puts this in its place, --log names another.",
            )

    def _read(self, cursor: Cursor) -> tuple[Stage, Reading]:
        job = self.context.job

        def progress(fraction: float | None) -> None:
            job.progress(None if fraction is None else 0.6 * fraction, f"reading {self.content.name}")

        names = ("encoding", "delimiter", "table", "query", "records", "object_type")
        chosen = {name: self.options[name] for name in names if name in self.options}
        reading = self.adapter.read(self.content, Options(**chosen, limits=self.limits, progress=progress))
        if reading.columns is not None:  # a missing column is said before an hour of reading
            resolve(self.wish, reading.columns, source=self.content.name)
        stage = Stage(cursor, self.limits, reading.row_word)
        stage.take(reading)
        if stage.events + stage.aside == 0:
            raise Unfit("no events", f"{self.content.name} has no events: not one row was found.")
        return stage, reading

    def _schema(self, cursor: Cursor, existing: dict[str, Any] | None) -> str:
        if existing is not None and self.request.append:
            return str(existing["schema"])
        if existing is not None:
            remove(cursor, existing["name"], existing["schema"])
        (number,) = cursor.execute("select nextval('log_number')").fetchone() or (0,)
        schema = f"log_{number}"
        cursor.execute(f'create schema "{schema}"')
        cursor.execute(f'set schema = "{schema}"')
        for _, sql in migrations("ingest", "schema/log"):
            cursor.execute(sql)
        return schema

    def _load(self, cursor: Cursor, schema: str, stage: Stage, reading: Reading, digest: str) -> IngestReport:
        job, name = self.context.job, self.content.name
        job.progress(0.65, "casting")
        mapping = resolve(
            self.wish,
            tuple(stage.columns),
            tuple(stage.case_columns),
            tuple(reading.classifiers),
            source=name,
        )
        parted = None
        if mapping.fields["case_id"] == TRACE_ID and TRACE_ID in stage.case_columns:
            parted = stage.part_doubled_cases(TRACE_ID)
        cast = Cast(
            stage, mapping, reading.classifiers, self.zone, "tz" in self.options, self.options.get("dates"),
            self.options.get("system"), name,
        )  # fmt: skip
        cast.demand_values()
        cast.findings += [parted] if parted else []
        source, first = cursor.execute(
            "select (select coalesce(max(id) + 1, 0) from source),"
            " (select coalesce(max(n) + 1, 0) from event)"
        ).fetchone() or (0, 0)
        seen = stage.events + stage.aside
        loaded = cast.load(source, first)
        if loaded == 0:
            why = "; ".join(f.message for f in cast.findings if f.severity == "error")
            raise Unfit("no events", f"{name} has no events that can be loaded: {why}")
        self._require_conserved(cursor, source, seen, loaded)
        job.progress(0.8, "laying out")
        size = layout.build(cursor)
        job.progress(0.95, "checking")
        odd_name = misnamed(self.content, self.adapter)
        findings = [
            *self.content.findings,
            *([odd_name] if odd_name else []),
            *reading.findings,
            *cast.findings,
            *self._look(cursor, source, mapping.clashes, stage, size),
        ]
        counts = {"seen": seen, "loaded": loaded, "set_aside": seen - loaded}
        entry = Entry(
            source, name, self.adapter.name, self.options.get("system"), self.how, digest, counts, self.now
        )
        keep_source(cursor, entry, findings)
        zone = self.zone if "tz" in self.options else None
        keep_log(cursor, self.request.log, schema, zone, size, reading, self.now)
        kept = rows(cursor.execute("select * from main.log where schema = ?", [schema]))[0]
        return _report(kept, _status(findings), counts, tuple(findings), _message(kept, name, counts))

    def _require_conserved(self, cursor: Cursor, source: int, seen: int, loaded: int) -> None:
        (aside,) = cursor.execute("select count(*) from set_aside where source = ?", [source]).fetchone() or (
            0,
        )
        if seen != loaded + aside:
            raise BatonError(
                f"{self.content.name}: {seen:,} rows read, but {loaded:,} loaded and {aside:,} set aside.",
                hint="This is a fault in Baton; nothing was kept. Please report it with the file.",
            )

    def _look(
        self, cursor: Cursor, source: int, clashes: tuple[str, ...], stage: Stage, size: layout.Size
    ) -> list[Finding]:
        found = list(quality.findings(cursor, source, self.now, stage.row_word))
        found += quality.duplicates(cursor, stage)
        if clashes:
            message = (
                f"{', '.join(map(repr, clashes))}: an attribute of the case and of the event; both are kept."
            )
            found.append(Finding(code="name_clash", severity="warning", count=len(clashes), message=message))
        if size.running:
            message = f"{size.running:,} activities were started and not completed; they make no instance."
            found.append(
                Finding(code="running_instances", severity="info", count=size.running, message=message)
            )
        return found


def _status(findings: list[Finding]) -> str:
    severities = {f.severity for f in findings}
    return "quarantine" if "error" in severities else "ok_warn" if "warning" in severities else "ok"


def _message(log: dict[str, Any], name: str, counts: dict[str, int]) -> str:
    aside = f", {counts['set_aside']:,} set aside" if counts["set_aside"] else ""
    return f"{name}: {counts['loaded']:,} of {counts['seen']:,} rows loaded into {log['name']}{aside}."


def _report(
    log: dict[str, Any], status: str, counts: dict[str, int], findings: tuple[Finding, ...], message: str
) -> IngestReport:
    names = ("cases", "events", "instances", "activities", "variants", "instance_variants")
    return IngestReport(
        log=log["name"],
        status=status,
        **{n: log[n] for n in names},
        **counts,
        first=log["first_at"],
        last=log["last_at"],
        findings=findings,
        message=message,
    )

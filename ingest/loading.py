"""One load on its way: what is read, whether it is new, and the transaction that keeps it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from home.context import Context
from home.duck import Cursor, rows
from home.errors import Refused
from home.interrupt import interruptible
from home.sql import migrations
from ingest import feeds, mask, shape
from ingest.adapter import Limits
from ingest.catalog import keep_size, remove
from ingest.contracts import IngestReport, IngestRequest
from ingest.dates import zone_named
from ingest.errors import Unfit
from ingest.feeds import Feed
from ingest.intake import take_in
from ingest.mapping_file import MappingFile
from ingest.reading import Order, as_read, kept_folder
from ingest.report import report_of, status_of
from ingest.spool import Manifest
from ingest.stage import Stage

READ_BY = ("encoding", "delimiter", "sheet", "table", "query", "cursor", "records", "object_type")
"""Options that the adapter is told."""


@dataclass
class Loading:
    """One load on its way."""

    context: Context
    request: IngestRequest
    spec: MappingFile
    feed: Feed | None

    def __post_init__(self) -> None:
        self.wish = self.spec.wish
        self.options = {n: v for n, v in self.spec.options.items() if n != "adapter"}
        self.zone = zone_named(self.options.get("tz"))
        self.now: datetime = self.context.clock.now().replace(tzinfo=None)
        # What the same content would have to be read with to be the same load.
        chain: dict[str, Any] = {"key": self.spec.key, "root": self.spec.root, "links": self.spec.links}
        chain |= {"milestones": self.spec.milestones, "tables": self.spec.tables}
        chain |= {"mask": sorted(self.spec.mask)}
        self.key = b""
        if self.spec.mask:
            self.key = mask.mask_key(self.context.settings.mask_key)
            chain |= {"mask_key": mask.fingerprint(self.key)}
        joined = {name: value for name, value in chain.items() if value}
        self.how = {"map": self.wish.fields, **self.options, **joined}
        self.extends = self.request.append or self.request.replace or self.feed is not None
        self.source: int | None = self.feed.held if self.feed else None
        """The source of the log that holds what was read."""

    @property
    def kept_in(self) -> Path | None:
        """The folder that keeps what a pull has read when its source goes away."""
        return kept_folder(self.context.home, self.feed.name) if self.feed else None

    def order(self, found: Path | str, folder: Path) -> Order:
        """What is to be read into `folder`."""
        with self.context.events.cursor() as cursor:
            existing = self._existing(cursor)
            sources = self._sources(cursor, existing)
        if self.request.replace and len(sources) > 1:  # this content stays, but not as it is held
            sources = []
        settings = self.context.settings
        chosen: dict[str, Any] = {name: self.options[name] for name in READ_BY if name in self.options}
        if self.spec.tables:
            chosen["tables"] = dict(self.spec.tables)
        if self.feed is not None:
            chosen |= {"cursor": self.feed.cursor_column, "overlap": self.feed.overlap}
        order = Order(
            found=found.absolute() if isinstance(found, Path) else found,
            folder=folder.absolute(),
            adapter=self.spec.adapter,
            chosen=chosen,
            wish=self.wish,
            how=self.how,
            mask=self.spec.mask,
            key=self.key,
            milestones=self.spec.milestones,
            limits=Limits(rows=settings.max_rows, bytes=settings.max_file_bytes),
            held=frozenset((s["hash"], s["mapping"]) for s in sources),
            extends=existing is None or self.extends,
            position=self.feed.position if self.feed else None,
        )
        return order.resuming() if self.feed else order

    def run(self, folder: Path, manifest: Manifest) -> IngestReport:
        """Cast, lay out, commit."""
        self.context.job.progress(0.62, "waiting for the event store")
        with self.context.events.writing() as cursor, interruptible(cursor, self.context.job):
            existing = self._existing(cursor)
            if self.feed is not None:
                feeds.require_unmoved(cursor, self.feed)
            report = self._same(cursor, existing, manifest)
            if report is not None and existing is not None:
                report = self._reshaped(cursor, existing["schema"], manifest, report)
            if report is None:
                self._refuse_surprise(existing, manifest)
                if manifest.events + manifest.aside == 0:
                    report = self._nothing(existing, manifest)
            if report is None:
                schema = self._schema(cursor, existing)
                cursor.execute(f'set schema = "{schema}"')
                report = take_in(self, cursor, schema, Stage(cursor, folder, manifest))
            if self.feed is not None:
                feeds.advance(
                    cursor,
                    self.feed,
                    position=manifest.position or self.feed.position,
                    digest=(manifest.digest or None) if self.source is not None else None,
                    loaded=report.loaded,
                    held=self.source,
                )
            return report

    def _existing(self, cursor: Cursor) -> dict[str, Any] | None:
        found = rows(cursor.execute("select * from log where name = ?", [self.request.log]))
        return found[0] if found else None

    def _sources(self, cursor: Cursor, existing: dict[str, Any] | None) -> list[dict[str, Any]]:
        return rows(cursor.execute(f'select * from "{existing["schema"]}".source')) if existing else []

    def _same(
        self, cursor: Cursor, existing: dict[str, Any] | None, manifest: Manifest
    ) -> IngestReport | None:
        """The report of this very load, if the log holds it already (and nothing else, to replace)."""
        if existing is None or not manifest.digest:
            return None
        if self.feed and not manifest.held:
            if manifest.position is not None or manifest.digest != self.feed.digest or self.source is None:
                return None
            return report_of(existing, {}, message=f"{manifest.source}: nothing changed.")
        sources = self._sources(cursor, existing)
        how = as_read(self.how, manifest.adapter)
        same = [s for s in sources if s["hash"] == manifest.digest and s["mapping"] == how]
        if not same or (self.request.replace and len(sources) > 1):
            return None
        if self.feed is not None:  # what another feed holds is not this one's to replace
            taken = feeds.held_by_others(cursor, self.feed)
            self.source = next((int(s["id"]) for s in same if s["id"] not in taken), None)
        counts = {name: same[0][name] for name in ("seen", "loaded", "set_aside")}
        message = f"{self.request.log} already holds {manifest.source}; nothing changed."
        return report_of(existing, counts if self.feed is None else {}, message=message)

    def _reshaped(
        self, cursor: Cursor, schema: str, manifest: Manifest, report: IngestReport
    ) -> IngestReport:
        """The report of content that the log holds, after the steps of a mapping that it did not know."""
        cursor.execute(f'set schema = "{schema}"')
        size, findings = shape.renew(
            cursor, self.spec.shape, name=manifest.source, by=self.context.actor, at=self.now
        )
        if size is None:
            return report
        keep_size(cursor, schema, size, findings)
        kept = rows(cursor.execute("select * from main.log where schema = ?", [schema]))[0]
        counts = {name: getattr(report, name) for name in ("seen", "loaded", "set_aside")}
        message = f"{self.request.log} already holds {manifest.source}; its mapping's steps shape it now."
        return report_of(kept, counts, findings, message=message)

    def _refuse_surprise(self, existing: dict[str, Any] | None, manifest: Manifest) -> None:
        if existing is not None and not self.extends:
            raise Refused(
                f"There is a log {self.request.log!r} already, and this is not what it was loaded from.",
                hint="--append adds to it, --replace puts this in its place, --log names another.",
            )
        if manifest.held:
            raise Refused(
                f"The log {self.request.log!r} changed while {manifest.source} was read.",
                hint="Run the command again.",
            )

    def _nothing(self, existing: dict[str, Any] | None, manifest: Manifest) -> IngestReport:
        """The report of a source without a row: for a feed no news, else a refusal."""
        if self.feed is None:
            raise Unfit("no events", f"{manifest.source} has no events: not one row was found.")
        message, status = f"{manifest.source}: nothing new.", status_of(manifest.findings)
        if existing is None:
            log = self.request.log
            return IngestReport(log=log, status=status, findings=manifest.findings, message=message)
        return report_of(existing, {}, manifest.findings, message=message)

    def _schema(self, cursor: Cursor, existing: dict[str, Any] | None) -> str:
        if existing is not None and not self.request.replace:
            return str(existing["schema"])
        if existing is not None:
            shape.keep(cursor, existing["schema"])
            remove(cursor, existing["name"], existing["schema"])
        (number,) = cursor.execute("select nextval('log_number')").fetchone() or (0,)
        schema = f"log_{number}"
        cursor.execute(f'create schema "{schema}"')
        cursor.execute(f'set schema = "{schema}"')
        for _, sql in migrations("ingest", "schema/log"):
            cursor.execute(sql)
        if existing is not None:
            shape.restore(cursor)
        return schema

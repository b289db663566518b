"""Takes staged rows into a log: casts them, keeps them, lays them out, and says what was found."""

from typing import TYPE_CHECKING

from home.duck import Cursor, rows
from home.errors import BatonError
from ingest import layout, shape
from ingest.cast import Cast
from ingest.catalog import Entry, keep_log, keep_source
from ingest.contracts import Finding, IngestReport
from ingest.errors import Unfit
from ingest.fold import fold
from ingest.mapping import resolve
from ingest.quality import at_load
from ingest.reading import as_read
from ingest.report import in_words, report_of
from ingest.stage import Stage
from ingest.withdraw import withdraw

if TYPE_CHECKING:
    from ingest.loading import Loading

TRACE_ID = "case:concept:name"
"""The id of a trace itself, in sources that keep traces apart."""


def take_in(load: "Loading", cursor: Cursor, schema: str, stage: Stage) -> IngestReport:
    """Make events of the staged rows of one source; the cursor is in the log's schema.

    Raises `Unfit` where not one of them can be loaded. Sets the `source` of a feed's load.
    """
    job, manifest, name = load.context.job, stage.manifest, stage.manifest.source
    job.progress(0.65, "casting")
    cast = _cast(load, stage)
    # A feed that cannot say where to go on was read whole: its new content takes the old one's place.
    renews = load.source is not None and manifest.position is None
    if load.source is not None and renews:
        withdraw(cursor, load.source)
    source, first = cursor.execute(
        "select (select coalesce(max(id) + 1, 0) from source), (select coalesce(max(n) + 1, 0) from event)"
    ).fetchone() or (0, 0)
    loaded = cast.load(source, first)
    if loaded == 0 and (load.feed is None or first == 0):
        why = "; ".join(f.message for f in cast.findings if f.severity == "error")
        raise Unfit("no events", f"{name} has no events that can be loaded: {why}")
    seen = manifest.events + manifest.aside
    _require_conserved(cursor, name, source, seen, loaded)
    job.progress(0.75, "shaping")
    received = shape.receive(cursor, source, load.spec, name=name, by=load.context.actor, at=load.now)
    job.progress(0.8, "laying out")
    touched = None if renews else received.touched
    size = layout.merge(cursor, touched) if touched else layout.build(cursor)
    job.progress(0.95, "checking")
    findings = [
        *manifest.findings,
        *cast.findings,
        *received.findings,
        *at_load.findings(cursor, source, load.now, stage.row_word),
        *_odd(cursor, cast.mapping.clashes, stage, size, first),
    ]
    counts = {"seen": seen, "loaded": loaded, "set_aside": seen - loaded}
    _keep(load, cursor, source, stage, counts, findings)
    if load.source is not None and not renews:
        fold(cursor, source, load.source)
    elif load.feed is not None:
        load.source = source
    zone = load.zone if "tz" in load.options else None
    keep_log(cursor, load.request.log, schema, zone, size, manifest, load.now)
    kept = rows(cursor.execute("select * from main.log where schema = ?", [schema]))[0]
    return report_of(kept, counts, findings, message=in_words(kept, name, counts))


def _cast(load: "Loading", stage: Stage) -> Cast:
    """How each field is read; raises `Unfit` where a needed column is absent or empty everywhere."""
    manifest = stage.manifest
    if manifest.events == 0 and load.feed is None:
        raise stage.nothing_but_aside(manifest.source)
    mapping = resolve(
        load.wish,
        tuple(stage.columns),
        tuple(stage.case_columns),
        tuple(manifest.classifiers),
        source=manifest.source,
    )
    parted = None
    if mapping.fields["case_id"] == TRACE_ID and TRACE_ID in stage.case_columns:
        parted = stage.part_doubled_cases(TRACE_ID)
    cast = Cast(
        stage, mapping, manifest.classifiers, load.zone, "tz" in load.options, load.options.get("dates"),
        load.options.get("system"), manifest.source,
    )  # fmt: skip
    cast.demand_values()
    cast.findings += [parted] if parted else []
    return cast


def _keep(
    load: "Loading",
    cursor: Cursor,
    source: int,
    stage: Stage,
    counts: dict[str, int],
    findings: list[Finding],
) -> None:
    """Write down what was read, how, and what was found in it."""
    manifest = stage.manifest
    how, system = as_read(load.how, manifest.adapter), load.options.get("system")
    entry = Entry(source, manifest.source, manifest.adapter, system, how, manifest.digest, counts, load.now)
    keep_source(cursor, entry, findings)


def _require_conserved(cursor: Cursor, name: str, source: int, seen: int, loaded: int) -> None:
    (aside,) = cursor.execute("select count(*) from set_aside where source = ?", [source]).fetchone() or (0,)
    if seen != loaded + aside:
        raise BatonError(
            f"{name}: {seen:,} rows read, but {loaded:,} loaded and {aside:,} set aside.",
            hint="This is a fault in Baton; nothing was kept. Please report it with the file.",
        )


def _odd(
    cursor: Cursor, clashes: tuple[str, ...], stage: Stage, size: layout.Size, first: int
) -> list[Finding]:
    """What the source as a whole shows."""
    found = list(at_load.duplicates(cursor, stage)) if _may_repeat(cursor, size, first) else []
    if clashes:
        named = ", ".join(map(repr, clashes))
        message = f"{named}: an attribute of the case and of the event; both are kept."
        found.append(Finding(code="name_clash", severity="warning", count=len(clashes), message=message))
    if size.running:
        message = f"{size.running:,} activities were started and not completed; they make no instance."
        found.append(Finding(code="running_instances", severity="info", count=size.running, message=message))
    return found


def _may_repeat(cursor: Cursor, size: layout.Size, first: int) -> bool:
    """Whether rows from number `first` on may be equal in every column.

    Equal ones follow each other at one moment of one case.
    """
    if size.events != size.instances:
        return True
    # A number, and no subquery, lets all but the last events be skipped unread.
    sql = "select 1 from instance where n >= $first and nst = start_ts limit 1"
    return cursor.execute(sql, {"first": first}).fetchone() is not None

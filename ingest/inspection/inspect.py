"""`baton inspect`: reads the first rows of a source, proposes a mapping, and tries it on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from home.context import Context
from ingest.adapter import Limits
from ingest.contracts import IngestReport
from ingest.dates import zone_named
from ingest.errors import Rejected, Undecided, Unfit
from ingest.inspection.columns import kind_of, values_of
from ingest.inspection.contracts import (
    AsideRow,
    CaseCandidate,
    Column,
    Decision,
    EventRead,
    Inspection,
    InspectRequest,
    Proposal,
    Rehearsal,
)
from ingest.inspection.look import Look
from ingest.inspection.next_step import commands, decisions, log_name, mapping_text, notes
from ingest.inspection.propose import Proposed, propose
from ingest.inspection.scratch import Rehearsed, rehearse, scratch, table_of, times_of
from ingest.inspection.words import fit
from ingest.mapping import NEEDED, Wish, resolve
from ingest.mapping_file import MappingFile
from ingest.milestones import MILESTONE, TIME
from ingest.reading import Order, spooled
from ingest.source import resolve_source
from ingest.spool import Manifest
from ingest.stage import Stage

LOOKED_AT = 20_000
"""Rows that are looked at."""
EXAMPLES = 100
"""Rows set aside that are shown."""
USUAL = ("utf-8", "utf-8-sig", ",")
"""What needs no saying."""
READ_BY = ("encoding", "delimiter", "sheet", "table", "query", "records", "object_type")


def inspect(context: Context, request: InspectRequest) -> Inspection:
    """Show what is in a source, propose which column is what, and say what a load would come to.

    Reads the first 20,000 rows (or with `--all` every row), in a child process as a load does, and loads
    nothing. The proposal is a guess by names, values and how rows follow one another, each with its
    reason; `ingest` assumes none of it. Where only a person can decide, such as between day-month and
    month-day, that is said with examples. `-o FILE` writes the mapping file that `baton ingest FILE
    --mapping` takes.
    """
    try:
        spec = _spec(context, request)
        found = resolve_source(context, request.source)
        context.job.progress(0.0, "opening")
        with (
            spooled(context, lambda folder: _order(context, request, spec, found, folder)) as (
                folder,
                manifest,
            ),
            scratch(folder, context.settings.memory_limit) as cursor,
        ):
            if manifest.events + manifest.aside == 0:
                raise Unfit("no events", f"{manifest.source} has no events: not one row was found.")
            context.job.progress(0.7, "looking at the columns")
            first = _Look(request, spec, Stage(cursor, folder, manifest), manifest).inspection()
        return _unfolded(context, request, first) if first.milestones and not spec.milestones else first
    except (Undecided, Unfit) as error:
        if error.option:
            return _undecided(request, error)
        report = IngestReport(log="", status="reject", message=error.message)
        raise Rejected(report, hint=error.hint) from error


def _spec(context: Context, request: InspectRequest) -> MappingFile:
    """What the mapping file and the command say together; the command wins."""
    spec = MappingFile()
    if request.mapping is not None:
        spec = MappingFile.read(resolve_source(context, request.mapping))
    names = (*READ_BY, "adapter", "tz", "dates")
    typed = {name: getattr(request, name) for name in names if getattr(request, name) is not None}
    wish = Wish.parse(request.map, None if request.exact and request.map else spec.wish)
    return spec.model_copy(update={**typed, "map": wish.fields})


def _order(
    context: Context, request: InspectRequest, spec: MappingFile, found: Path | str, folder: Path
) -> Order:
    settings = context.settings
    chosen: dict[str, Any] = {name: value for name, value in spec.options.items() if name in READ_BY}
    if spec.tables:
        chosen["tables"] = dict(spec.tables)
    return Order(
        found=found.absolute() if isinstance(found, Path) else found,
        folder=folder.absolute(),
        adapter=spec.adapter,
        chosen=chosen,
        wish=Wish(),
        how={},
        limits=Limits(rows=settings.max_rows, bytes=settings.max_file_bytes),
        most=None if request.all else LOOKED_AT,
        looking=True,
        milestones=spec.milestones,
    )


def _unfolded(context: Context, request: InspectRequest, first: Inspection) -> Inspection:
    """The look at a table of whole cases again, with an event per milestone."""
    spec = _spec(context, request)
    events = {"activity": MILESTONE, "timestamp": TIME}
    case = {p.field: p.column for p in first.mapping}
    why = {p.field: p.why for p in first.mapping}
    why |= {"activity": "the name of the column", "timestamp": "the time in it"}
    spec = spec.model_copy(update={"milestones": first.milestones, "map": {**case, **events, **spec.map}})
    found = resolve_source(context, request.source)
    with (
        spooled(context, lambda folder: _order(context, request, spec, found, folder)) as (folder, manifest),
        scratch(folder, context.settings.memory_limit) as cursor,
    ):
        again = _Look(request, spec, Stage(cursor, folder, manifest), manifest, why).inspection()
    return again.model_copy(
        update={
            "columns": first.columns,
            "rows_looked_at": first.rows_looked_at,
            "notes": (*first.notes, *again.notes),
            "milestones": first.milestones,
        }
    )


def _undecided(request: InspectRequest, error: Undecided | Unfit) -> Inspection:
    """Which of several things is meant has to be said before anything can be shown."""
    option = f"--{error.option.replace('_', '-')}"
    decision = Decision(
        option=error.option,
        needed=True,
        question=f"{error.message}\n{error.hint}".strip(),
        answers=error.names,
    )
    return Inspection(
        source=request.source,
        adapter=request.adapter or "",
        rows_looked_at=0,
        decisions=(decision,),
        commands=commands(request, MappingFile(), choices=error.names, option=option),
    )


@dataclass
class _Look:
    """One look into staged rows."""

    request: InspectRequest
    spec: MappingFile
    stage: Stage
    manifest: Manifest
    why: Mapping[str, str] = field(default_factory=dict)
    """Reasons of what the mapping says already."""

    def inspection(self) -> Inspection:
        """Everything that was found out."""
        looks = self.looks = self._looks()
        proposed = propose(looks, given=self.spec.map, why=self.why, exact=self.request.exact)
        tried = self._rehearsed(proposed)
        whole = self.manifest.complete
        decided = decisions(proposed, looks, self.spec)
        missing = tuple(name for name in NEEDED if proposed.column(name) is None and not proposed.milestones)
        mapping = self._mapping(proposed)
        return Inspection(
            source=self.manifest.source,
            adapter=self.manifest.adapter,
            rows_looked_at=self.stage.events + self.stage.aside,
            whole=whole,
            read_as=dict(self.manifest.found),
            columns=tuple(_column(x, proposed) for x in looks),
            mapping=tuple(Proposal(field=t.field, column=t.column, why=t.why) for t in proposed.taken),
            missing=missing,
            cases=tuple(
                CaseCandidate(column=c.column, cases=c.cases, events_per_case=c.per_case, why=c.why)
                for c in proposed.cases
            ),
            milestones=proposed.milestones,
            decisions=decided,
            notes=notes(proposed, looks),
            rehearsal=_rehearsal(tried, self.stage),
            findings=self.manifest.findings,
            commands=commands(
                self.request,
                mapping,
                log=log_name(self.manifest.source),
                decided=decided,
                reasons=[t.why for t in proposed.taken],
            ),
            content=mapping_text(mapping, proposed, decided, self.manifest.source) if not missing else None,
        )

    def _looks(self) -> list[Look]:
        table, of_case = table_of(self.stage, LOOKED_AT)
        zone = zone_named(self.spec.tz)
        looks = []
        for values in values_of(table, of_case):
            told = max(fit("timestamp", values.name), fit("start", values.name)) > 0
            kind, _ = kind_of(values, told_time=told)
            times = None
            if kind == "time" and values.name in self.stage.columns:
                times = times_of(self.stage, values.name, LOOKED_AT, zone=zone, order=self.spec.dates)
            looks.append(Look(values, kind, times))
        return looks

    def _mapping(self, proposed: Proposed) -> MappingFile:
        """The mapping file that takes the proposal."""
        chosen = {t.field: t.column for t in proposed.taken}
        told = {k: v for k, v in self.manifest.found.items() if v not in USUAL}
        update: dict[str, Any] = {**told, **self.spec.options}
        return self.spec.model_copy(update={**update, "map": chosen})

    def _rehearsed(self, proposed: Proposed) -> Rehearsed | None:
        fields = {t.field: t.column for t in proposed.taken}
        if any(name not in fields for name in NEEDED):
            return None
        manifest, stage = self.manifest, self.stage
        mapping = resolve(
            Wish(fields), tuple(stage.columns), tuple(stage.case_columns), tuple(manifest.classifiers),
            source=manifest.source,
        )  # fmt: skip
        options = {
            "classifiers": manifest.classifiers,
            "zone": zone_named(self.spec.tz),
            "zone_given": self.spec.tz is not None,
            "dates": self.spec.dates or ("dmy" if self._torn(proposed) else None),
            "system": self.spec.system,
        }
        return rehearse(stage, mapping, options, manifest.source, EXAMPLES)

    def _torn(self, proposed: Proposed) -> bool:
        """Whether the order of dates is in doubt: then the day is taken to come first, to see the rest."""
        return any(d.option == "dates" for d in decisions(proposed, self.looks, self.spec))


def _rehearsal(tried: Rehearsed | None, stage: Stage) -> Rehearsal | None:
    if tried is None:
        return None
    return Rehearsal(
        rows=stage.events + stage.aside,
        loaded=tried.loaded,
        set_aside=tried.aside,
        events=tuple(EventRead(**event) for event in tried.events),
        examples=tuple(
            AsideRow(where=r.where, column=r.column, reason=r.reason, row=r.row) for r in tried.rows
        ),
        refused=tried.refused,
    )


def _column(x: Look, proposed: Proposed) -> Column:
    times = x.times
    return Column(
        column=x.name,
        looks_like=x.kind,
        samples=x.values.samples,
        distinct=x.values.distinct,
        filled=x.values.filled,
        of=_of(x, proposed),
        written=times.written if times and not times.ambiguous else "",
        ambiguous=times.ambiguous if times else (),
        naive=times.naive if times else None,
        days_only=times is not None and times.midnight > 0.99,
        unreadable=times.unreadable if times else (),
    )


def _of(x: Look, proposed: Proposed) -> Any:
    if x.kind == "empty":
        return ""
    if x.values.of_case or x.name in proposed.of_case or x.name == proposed.column("case_id"):
        return "case"
    if x.values.distinct == 1 and x.values.filled == 1:
        return "all"
    return "event" if proposed.column("case_id") is not None and not proposed.milestones else ""

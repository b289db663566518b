"""`baton shape`: rename, merge, hide, derive and add activities of a log, and go back on it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import model_validator

from home.context import Context
from home.contracts import Contract, FileResponse, InputFile, LogName, Option, OutputFile, Request
from home.duck import Cursor
from home.text import plain, table
from ingest import shape
from ingest.catalog import Log, find_log
from ingest.contracts import Finding, Moment
from ingest.mapping_file import MappingFile
from ingest.shaping import versions
from ingest.shaping.editing import change
from ingest.shaping.steps import Add, Step
from ingest.shaping.told import words_of

MAKES = ("rename", "merge", "hide", "derive", "add")
PARTS = ("into", "where", "after", "before", "typical", "role", "name")
WAYS = ("mapping", "undo", "redo", "clear", "to", "remove")


def _given(value: object) -> bool:
    """Whether something was asked; version 0 was."""
    return value is not None and value is not False and value != ()


class ShapeRequest(Request):
    """What to change about a log; without anything, what shapes it is shown."""

    log: LogName
    """Name of the event log."""
    rename: Annotated[tuple[str, ...], Option(("--rename",), "A=B")] = ()
    """Call the activity A B from now on. Repeat for each."""
    merge: Annotated[tuple[str, ...], Option(("--merge",), "ACTIVITY")] = ()
    """Make this activity and the others given with --merge one, called what --into says."""
    into: Annotated[str | None, Option(("--into",), "NAME")] = None
    """What merged activities become; it may be one that is there."""
    hide: Annotated[tuple[str, ...], Option(("--hide",), "ACTIVITY")] = ()
    """Leave an activity out; cases that have nothing else are left out with it. Repeat for each."""
    derive: Annotated[tuple[str, ...], Option(("--derive",), "TARGET=TEMPLATE")] = ()
    """Make the activity or the case_id from columns in braces: activity='{step}: {status}'. Events that
    lack one of the columns keep what they have."""
    where: Annotated[tuple[str, ...], Option(("--where",), "COLUMN=VALUE")] = ()
    """Derive only for events whose column has this value. Repeat for each."""
    add: Annotated[str | None, Option(("--add",), "STEP")] = None
    """Note a step that no system records. It makes no event: maps show it as added by hand, and plans
    have it as a step for a person."""
    after: Annotated[str | None, Option(("--after",), "ACTIVITY")] = None
    """The activity that the added step follows."""
    before: Annotated[str | None, Option(("--before",), "ACTIVITY")] = None
    """The activity that it precedes; without one, whatever comes next."""
    typical: Annotated[str | None, Option(("--typical",), "TIME")] = None
    """How long the added step usually takes: 45s, 30min, 2h or 1.5d."""
    role: Annotated[str | None, Option(("--role",), "ROLE")] = None
    """Who does the added step."""
    name: Annotated[str | None, Option(("--name",), "NAME")] = None
    """What to call the step; without it, it is called what it does."""
    note: str = ""
    """Why, kept with the version."""
    remove: Annotated[tuple[str, ...], Option(("--remove",), "STEP")] = ()
    """Take a step out, by its number or name. Repeat for each."""
    undo: bool = False
    """Go back to the version before this one."""
    redo: bool = False
    """Go forward again."""
    clear: bool = False
    """Take out every step, as a version of its own."""
    to: Annotated[int | None, Option(("--to",), "VERSION")] = None
    """Go to a version; 0 is the log as it came."""
    mapping: Annotated[str | None, Option(("--mapping",), "FILE"), InputFile()] = None
    """Put the steps of a mapping file in the place of those there are."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """Write a mapping file with the steps in force; `-` is stdout."""

    @model_validator(mode="after")
    def _one_thing(self) -> "ShapeRequest":
        asked = [name for name in WAYS if _given(getattr(self, name))]
        makes = [name for name in MAKES if getattr(self, name)]
        if len(asked) > 1 or (asked and makes):
            both = " and ".join(f"--{name}" for name in (asked + makes)[:2])
            raise ValueError(f"{both} exclude each other")
        return self


class ShapeStep(Contract):
    """One step in force."""

    step: int
    """Its place, from 1."""
    name: str
    what: str
    """What it does: rename 'A' to 'B'."""
    effect: str
    """What that meant for the log as the steps before it left it."""
    by: str | None = None
    """Who added it by hand, where it is a step that no system records."""


class ShapeVersion(Contract):
    """One list of steps that the log had."""

    version: int
    """0 is the log as it came."""
    parent: int | None
    """The version it was made from; undoing leads there."""
    in_force: bool
    made: Moment | None
    by: str
    steps: int
    note: str


class ShapedActivity(Contract):
    """An activity as the steps leave it."""

    activity: str
    events: int


class Shape(FileResponse):
    """What shapes a log, and what a change did."""

    hidden = frozenset({"content"})

    log: str
    version: int
    """The version in force; 0 is the log as it came."""
    message: str
    changes: tuple[str, ...] = ()
    """What the change did, in words."""
    steps: tuple[ShapeStep, ...] = ()
    activities: tuple[ShapedActivity, ...] = ()
    """The most frequent first."""
    columns: tuple[str, ...] = ()
    """Columns that --derive can name."""
    versions: tuple[ShapeVersion, ...] = ()
    can_undo: bool = False
    can_redo: bool = False
    findings: tuple[Finding, ...] = ()
    """What the steps name that is not there."""

    def lines(self) -> Iterator[str]:
        """The message, what changed, the steps, and the versions."""
        yield plain(self.message)
        yield from (f"  {plain(line)}" for line in self.changes)
        yield from (f"  {finding.severity}: {plain(finding.message)}" for finding in self.findings)
        if self.path:
            yield plain(f"  written to {self.path}")
        if self.steps:
            yield ""
            named = any(s.name != s.what for s in self.steps)
            names = ("step", "name", "what", "effect") if named else ("step", "what", "effect")
            rows = [s.model_dump() | {"name": s.name if s.name != s.what else ""} for s in self.steps]
            yield from table(rows, names)
        if len(self.versions) > 1:
            yield ""
            yield from table(
                [
                    {
                        **v.model_dump(mode="json", include={"version", "made", "by", "steps", "note"}),
                        "in force": "yes" if v.in_force else "",
                    }
                    for v in self.versions
                ]
            )


def shape_log(context: Context, request: ShapeRequest) -> Shape:
    """Change what a log's events are called and which take part, and go back on it at any time.

    Raw events stay as they came: the steps are kept beside them in versions, done again with every load
    and pull, and part of the log's hash, so that whatever was mined from it is mined anew. Links between
    sources are followed first, then the steps in order; what is typed at once is done in the order
    derive, rename, merge, hide, add. `--undo`, `--redo` and `--to` lose nothing.
    """
    log = find_log(context.events, request.log)
    if not any(_given(getattr(request, name)) for name in (*MAKES, *PARTS, *WAYS)):
        with context.events.cursor(log.schema) as cursor:
            words = f"{log.name} is as it came." if not versions.current(cursor).steps else f"{log.name}:"
            return _shown(cursor, log, request, words)
    with context.events.writing(log.schema) as cursor:
        log = find_log(context.events, request.log)
        words, changes = change(context, cursor, log, request)
        return _shown(cursor, log, request, words, changes)


def _shown(
    cursor: Cursor, log: Log, request: ShapeRequest, message: str, changes: tuple[str, ...] = ()
) -> Shape:
    """The log's shape as it now is."""
    now, known = versions.current(cursor), versions.history(cursor)
    told = words_of(cursor, now.steps, shape.columns(cursor), shape.base(cursor))
    counts = cursor.execute(
        "select a.name, count(*) from instance join activity a using (aid) group by a.name"
        " order by count(*) desc, a.name"
    ).fetchall()
    faults = cursor.execute(
        "select code, severity, count, message, place from finding where list_contains($codes, code)",
        {"codes": list(shape.CODES)},
    ).fetchall()
    return Shape(
        log=log.name,
        version=now.version,
        message=message,
        changes=changes,
        steps=tuple(
            ShapeStep(
                step=number,
                name=step.title,
                what=step.does(),
                effect=effect,
                by=step.by if isinstance(step, Add) else None,
            )
            for number, (step, effect) in enumerate(zip(now.steps, told, strict=True), 1)
        ),
        activities=tuple(ShapedActivity(activity=name, events=count) for name, count in counts),
        columns=tuple(shape.columns(cursor)),
        versions=tuple(
            ShapeVersion(
                version=v.version,
                parent=v.parent if v.version else None,
                in_force=v.version == now.version,
                made=v.at,
                by=v.by,
                steps=len(v.steps),
                note=v.note,
            )
            for v in known
        ),
        can_undo=now.version > 0,
        can_redo=any(v.parent == now.version for v in known[1:]),
        findings=tuple(
            Finding(code=code, severity=severity, count=count, message=words, where=place or "")
            for code, severity, count, words, place in faults
        ),
        content=_written(cursor, log, now.steps) if request.output else None,
    )


def _written(cursor: Cursor, log: Log, steps: tuple[Step, ...]) -> str:
    """A mapping file with the steps, and how the log's source is read where there is one."""
    sources = cursor.execute("select name, mapping from source order by id").fetchall()
    known = MappingFile.from_how(sources[0][1], sources[0][0]) if len(sources) == 1 else MappingFile()
    head = f"The shape of {log.name!r}, as `baton shape` left it." + (
        "" if len(sources) == 1 else f" How its {len(sources)} sources are read is not told here."
    )
    return known.model_copy(update={"shape": steps}).to_toml(head=head)

"""Changes the steps of a log: the new list, the tables laid out from it, and what became of the log."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from home.context import Context
from home.duck import Cursor
from home.errors import Refused, UsageError
from ingest import catalog, layout, shape
from ingest.catalog import Log
from ingest.mapping_file import MappingFile
from ingest.shaping import versions
from ingest.shaping.asked import steps_asked
from ingest.shaping.compiled import FIELDS
from ingest.shaping.steps import Derive, Step
from ingest.shaping.told import many, tell, words_of

if TYPE_CHECKING:
    from ingest.shaping.command import ShapeRequest


def change(
    context: Context, cursor: Cursor, log: Log, request: "ShapeRequest"
) -> tuple[str, tuple[str, ...]]:
    """Do what is asked, in the caller's transaction; the news in a sentence, and what changed in words.

    Raises `UsageError` where a step names what is not there, `Refused` where nothing would be left.
    """
    before = versions.current(cursor)
    now = context.clock.now().replace(tzinfo=None)
    _move(context, cursor, request, now)
    after = versions.current(cursor)
    if after.steps == before.steps:
        return f"{log.name}: nothing changed.", ()
    context.job.progress(0.1, "shaping")
    findings = shape.apply(cursor, relink=False)
    if not cursor.execute("select 1 from shaped limit 1").fetchone():
        raise Refused(f"No event of {log.name!r} would be left.", hint="Hide fewer activities.")
    context.job.progress(0.3, "laying out")
    size = layout.build(cursor)
    catalog.keep_size(cursor, log.schema, size, findings)
    words = f"{log.name}: version {after.version}, {many(len(after.steps), 'step')}."
    if not after.steps:
        words = f"{log.name} is as it came."
    changes = list(_sizes(log, size))
    told = words_of(cursor, after.steps, shape.columns(cursor), shape.base(cursor))
    changes = [*(t for t, step in zip(told, after.steps, strict=True) if step not in before.steps), *changes]
    return words, tuple(changes)


def _move(context: Context, cursor: Cursor, request: "ShapeRequest", now: datetime) -> None:
    """Put the version that is asked for in force."""
    by, at = context.actor, now
    if request.undo:
        return versions.move(cursor, versions.before(cursor).version, by=by, at=at)
    if request.redo:
        return versions.move(cursor, versions.after(cursor).version, by=by, at=at)
    if request.to is not None:
        return versions.move(cursor, versions.find(cursor, request.to).version, by=by, at=at)
    steps = _steps(context, cursor, request, now)
    if steps != versions.current(cursor).steps:
        versions.keep(cursor, steps, by=by, at=at, note=request.note or _noted(cursor, steps))
    return None


def _steps(context: Context, cursor: Cursor, request: "ShapeRequest", now: datetime) -> tuple[Step, ...]:
    """The list of steps that is asked for."""
    kept = versions.current(cursor).steps
    if request.clear:
        return ()
    if request.mapping is not None:
        from ingest.source import resolve_source

        return MappingFile.read(resolve_source(context, request.mapping)).shape
    if request.remove:
        gone = {_place(kept, wanted) for wanted in request.remove}
        return tuple(step for number, step in enumerate(kept) if number not in gone)
    names = [name for (name,) in cursor.execute("select distinct activity from shaped").fetchall()]
    columns = shape.columns(cursor)
    made = steps_asked(request, names, list(columns), by=context.actor, on=now.date())
    told = tell(cursor, (*kept, *made), columns, shape.base(cursor))
    for step in told[len(kept) :]:
        if step.faults:
            lists = f"`baton map {request.log}` lists the activities."
            if isinstance(step.step, Derive):
                lists = f"It may name {', '.join(map(repr, (*columns, *FIELDS)))}."
            raise UsageError(f"{request.log}: {step.faults[0].message}", hint=lists)
    return (*kept, *made)


def _noted(cursor: Cursor, steps: tuple[Step, ...]) -> str:
    """What a new version changes, in words."""
    before = versions.current(cursor).steps
    new = [step.title for step in steps if step not in before]
    gone = [f"without: {step.title}" for step in before if step not in steps]
    return "; ".join([*new, *gone]) or "in another order"


def _place(steps: tuple[Step, ...], wanted: str) -> int:
    """The place of a step by its number or name; raises `UsageError`."""
    for number, step in enumerate(steps):
        if wanted in (str(number + 1), step.title):
            return number
    raise UsageError(
        f"There is no step {wanted!r}; there are {len(steps)}.", hint="Give its number or name, as listed."
    )


def _sizes(before: Log, after: layout.Size) -> Iterator[str]:
    """How the log's size changed, in one line."""
    pairs = [
        ("activities", before.activities, after.activities),
        ("variants", before.variants, after.variants),
        ("events", before.events, after.events),
        ("cases", before.cases, after.cases),
    ]
    said = [f"{old:,} → {new:,} {word}" for word, old, new in pairs if old != new]
    yield "; ".join(said) if said else "as many activities, variants, events and cases as before"
    if after.events < before.events and after.cases < before.cases:
        yield f"{many(before.cases - after.cases, 'case')} had no other event and took part no more"

"""`baton forget`: erases one case, or one person's name, from everything that this home keeps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from home.context import Context
from home.contracts import Argument, Contract, Request, Response
from home.erasure import SHORTEST_INSIDE, Replacement
from home.errors import BatonError, Busy, NotFound, Refused, UsageError
from home.text import plain, table
from ingest import erase
from orchestrate.people.attachments import sweep
from orchestrate.records import forgotten

CHUNK = 1 << 24


class ForgetRequest(Request):
    """Whom or what to forget."""

    what: Annotated[str | None, Argument("CASE|PERSON")] = None
    """A case id, or a name as it is written in the logs. Where it could be both, use an option."""
    case: str | None = None
    """The id of a case."""
    person: str | None = None
    """The name of a person."""
    log: str | None = None
    """Only in this log, and for a case the runs of plans made from it."""
    dry_run: bool = False
    """Only say what would be erased."""


class Place(Contract):
    """Where something stands."""

    log: str
    """Empty for what is in no log: runs, tasks, the audit."""
    where: str
    rows: int


class Forgotten(Response):
    """What was erased, or would be."""

    kind: Literal["case", "person"]
    erased: bool
    """False where it was only looked for."""
    places: tuple[Place, ...]
    remains: tuple[str, ...]
    """Where it may still be, which Baton does not change."""

    def lines(self) -> Iterator[str]:
        """What, where, and what is left to do by hand."""
        rows = sum(place.rows for place in self.places)
        verb = "Erased" if self.erased else "Would erase"
        yield f"{verb} the {self.kind} in {rows:,} rows:"
        yield ""
        yield from table([place.model_dump() for place in self.places], ("log", "where", "rows"))
        if self.remains:
            yield ""
            yield "It may still be in:"
            yield from (f"  {plain(each)}" for each in self.remains)
        yield ""
        yield (
            "Its sources still have it: mask it there or with --mask before the next pull."
            if self.erased
            else "Nothing was changed. The same command without --dry-run erases it for good."
        )


def forget(context: Context, request: ForgetRequest) -> Forgotten:
    """Erase a case, or the name of a person.

    Of a case its events, the runs with its id as their key, and what quotes it are deleted. A person's name
    becomes a token that leads nowhere, the same everywhere, so that counts stay: as resource, in
    attributes, set-aside rows, findings, tasks, remarks, run histories. The audit keeps its chain without
    the content, and says that something was erased. Refused while a run that speaks of it is open.

    Both stores are written anew, so that no byte stays. Published plans and backups are named, not changed.
    """
    asked = _Asked.of(context, request)
    places = tuple(asked.places())
    if not places:
        words = "case and no person" if request.what is not None else asked.kind
        raise NotFound(
            f"No {words} {asked.name!r} was found{f' in {request.log}' if request.log else ''}.",
            hint="Names and ids are compared letter by letter; --case and --person say which is meant.",
        )
    asked.refuse()
    notes: list[str] = []
    if not request.dry_run:
        asked.erase()
        notes += _purge(context)
    return Forgotten(
        kind=asked.kind,
        erased=not request.dry_run,
        places=places,
        remains=(*notes, *asked.remains(), *_files(context.home, asked.name, erased=not request.dry_run)),
    )


class _Asked:
    """A case or person, and what to do about either."""

    kind: Literal["case", "person"]

    def __init__(self, context: Context, name: str, log: str | None) -> None:
        self.context, self.name, self.log = context, name, log
        self.at, self.actor = context.clock.now(), "" if context.actor == name else context.actor

    @staticmethod
    def of(context: Context, request: ForgetRequest) -> "_Asked":
        """What the request means; raises `UsageError` where it could mean both."""
        given = [value for value in (request.what, request.case, request.person) if value is not None]
        if len(given) != 1 or not given[0].strip():
            raise UsageError(
                "Say one case or one person.",
                hint="baton forget --case 4711, or baton forget --person 'Ada L'",
            )
        if request.log is not None:
            erase.logs_of(context, request.log)
        case, person = (kind(context, given[0], request.log) for kind in (_Case, _Person))
        if request.case is not None:
            return case
        if request.person is not None:
            return person
        is_case = any(place.where in ("events", "run") for place in case.places())
        if is_case and any(person.places()):
            raise UsageError(
                f"{given[0]!r} is a case and stands where people do.", hint="Say --case or --person."
            )
        return case if is_case else person

    def places(self) -> Iterator[Place]:
        """Where it stands."""
        raise NotImplementedError

    def refuse(self) -> None:
        """Raise where it must not be erased yet."""
        raise NotImplementedError

    def erase(self) -> None:
        """Erase it."""
        raise NotImplementedError

    def remains(self) -> Iterator[str]:
        """What in the stores is left as it is."""
        yield from ()


class _Case(_Asked):
    kind = "case"

    def __init__(self, context: Context, name: str, log: str | None) -> None:
        super().__init__(context, name, log)
        self.runs = forgotten.runs_of(context.state, name, log)
        self.cases = [name, *self.runs]

    def places(self) -> Iterator[Place]:
        for found in erase.find_cases(self.context, self.cases, self.log):
            yield Place(log=found.log, where=found.table, rows=found.rows)
        for held in forgotten.find_case(self.context.state, self.name, self.runs, self.log):
            yield Place(log="", where=held.table, rows=held.rows)

    def refuse(self) -> None:
        logs = {place.log for place in self.places() if place.where == "events"}
        if self.log is None and len(logs) > 1:
            raise Refused(
                f"{self.name!r} is a case of {', '.join(sorted(logs))}, which may be different ones.",
                hint="Say which with --log, one after the other.",
            )
        forgotten.refuse_open(self.context.state, self.runs, f"The case {self.name!r}")

    def erase(self) -> None:
        forgotten.erase_case(self.context.state, self.name, self.runs, self.log, at=self.at, actor=self.actor)
        sweep(self.context.home, self.context.state)
        erase.erase_cases(self.context, self.cases, self.log)


class _Person(_Asked):
    kind = "person"

    def __init__(self, context: Context, name: str, log: str | None) -> None:
        super().__init__(context, name, log)
        self.replacement = Replacement(name)

    def places(self) -> Iterator[Place]:
        for found in erase.find_person(self.context, self.replacement, self.log):
            where = found.column if found.table in ("event", "trace") else f"{found.table} {found.column}"
            yield Place(log=found.log, where=where, rows=found.rows)
        if self.log is None:
            for held in forgotten.find_person(self.context.state, self.replacement):
                yield Place(log="", where=f"{held.table} {held.column}".strip(), rows=held.rows)

    def refuse(self) -> None:
        if self.log is None:
            runs = forgotten.runs_with(self.context.state, self.replacement)
            forgotten.refuse_open(self.context.state, runs, f"{self.name!r}")

    def erase(self) -> None:
        if self.log is None:
            forgotten.erase_person(self.context.state, self.replacement, at=self.at, actor=self.actor)
        erase.erase_person(self.context, self.replacement, self.log)

    def remains(self) -> Iterator[str]:
        if not self.replacement.inside:
            yield (
                f"longer texts: names under {SHORTEST_INSIDE} characters or without a letter"
                " are only sought as whole values"
            )
        if count := forgotten.published(self.context.state, self.replacement):
            yield f"{count} published versions of plans, which never change"


def _purge(context: Context) -> Iterator[str]:
    """Write both stores anew; what could not be."""
    for name, write in (("runs and tasks", context.state.compact), ("event logs", context.events.rewrite)):
        try:
            write()
        except Busy as error:
            yield f"freed space of the {name}: {error.message}"
        except BatonError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the database says, the erasure itself is done
            yield f"freed space of the {name}, which could not be written anew: {error}"


def _files(home: Path, name: str, *, erased: bool) -> Iterator[str]:
    """Files of the home folder that hold the name in so many letters, and the backups, which are packed."""
    stores = {"events.duckdb", "events.duckdb.wal", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}
    for path in sorted(home.rglob("*")):
        if not path.is_file() or (not erased and path.name in stores):
            continue
        if path.suffix == ".backup":
            yield f"{path}: a backup from before a migration; delete it when it is no longer needed"
        elif len(name) >= SHORTEST_INSIDE and _holds(path, name.encode()):
            yield str(path)


def _holds(path: Path, sought: bytes) -> bool:
    """Whether the bytes stand in the file, read in pieces."""
    tail = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                if sought in tail + piece:
                    return True
                tail = piece[-len(sought) :]
    except OSError:
        return False
    return False

"""Loads a source into a log: everything in one transaction, or nothing."""

import duckdb

from home.context import Context
from ingest.contracts import IngestReport, IngestRequest
from ingest.errors import Unfit
from ingest.feeds import Feed
from ingest.loading import Loading
from ingest.mapping import OPTIONS, Wish
from ingest.mapping_file import MappingFile
from ingest.reading import spooled
from ingest.refusal import failed, rejected
from ingest.source import resolve_source


def ingest(context: Context, request: IngestRequest) -> IngestReport:
    """Read a source and make or extend an event log.

    A file's content decides how it is read, unless `--adapter` says. A column means something when it
    has a canonical name (`case:concept:name`, `concept:name`, `time:timestamp`, `org:resource`, or plain
    `case_id`, `activity`, `timestamp`, `resource`, …) or is mapped with `--map`. Nothing is guessed.

    Rows that cannot be loaded are set aside with a reason (`baton quarantine LOG`); a source that cannot
    be trusted is refused whole. The same content again changes nothing.
    """
    return load(context, request)


def load(
    context: Context, request: IngestRequest, *, feed: Feed | None = None, spec: MappingFile | None = None
) -> IngestReport:
    """Read a source in a child process, then load what was read in one transaction.

    With a `feed` reading goes on at its position, the log is extended whatever it holds, and no news is
    no error; how far it was read is kept in the same transaction. Where the source goes away in the
    middle and can be gone on with (`Unreachable`), what was read stays in the home's `pulls` for the
    next pull. `spec` stands for the request's mapping file and options where they are known already.
    """
    try:
        spec = spec or _spec(context, request)
        found = resolve_source(context, request.source)
        context.job.progress(0.0, "opening")
        work = Loading(context, request, spec, feed)
        with spooled(context, lambda folder: work.order(found, folder), work.kept_in) as (folder, manifest):
            return work.run(folder, manifest)
    except Unfit as error:
        raise rejected(request, error) from error
    except (duckdb.Error, OSError) as error:
        raise failed(request, context.home, error) from error


def _spec(context: Context, request: IngestRequest) -> MappingFile:
    file = MappingFile.read(resolve_source(context, request.mapping)) if request.mapping else MappingFile()
    return combined(request, file)


def combined(request: IngestRequest, file: MappingFile) -> MappingFile:
    """What the mapping file and the command say together; the command wins."""
    wish = Wish.parse(request.map, file.wish, request.link)
    typed = {n: getattr(request, n, None) for n in (*OPTIONS, "key", "root")}
    given = {name: value for name, value in typed.items() if value is not None}
    masked = tuple(dict.fromkeys((*file.mask, *request.mask)))
    return file.model_copy(update={**given, "map": wish.fields, "links": wish.links, "mask": masked})

"""Says what became of a load that did not come about: refused whole, or failed beside the source."""

import errno
from pathlib import Path

import duckdb

from ingest.contracts import Finding, IngestReport, IngestRequest
from ingest.errors import IngestError, Rejected, Unfit

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM)


def rejected(request: IngestRequest, error: Unfit) -> Rejected:
    """The refusal of a source that cannot be trusted, with the report that says why."""
    finding = Finding(code=error.word, severity="error", count=1, message=error.message, where=error.where)
    report = IngestReport(
        log=request.log, status="reject", findings=(finding,), message=error.message, hint=error.hint
    )
    return Rejected(report, hint=error.hint)


def failed(request: IngestRequest, home: Path, error: duckdb.Error | OSError) -> IngestError:
    """What the disk or the event store said, in our words."""
    name = Path(request.source).name if "://" not in request.source else "The source"
    if isinstance(error, duckdb.OutOfMemoryException):
        return IngestError(
            f"{name}: the event store ran out of memory; nothing was loaded.",
            hint="Raise the setting memory_limit (BATON_MEMORY_LIMIT=8GB).",
        )
    said = getattr(error, "strerror", None) or str(error).splitlines()[0]
    number = getattr(error, "errno", None)
    if number in FULL or "no space left" in said.lower():
        return IngestError(
            f"{name} could not be loaded: the disk of {home} is full ({said}). Nothing was kept.",
            hint="Make room there, or use a home folder on another disk with --home.",
        )
    hint = "Check who may read it." if number in FORBIDDEN else ""
    return IngestError(f"{name} could not be loaded: {said}. Nothing was kept.", hint=hint)

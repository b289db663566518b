"""The audit: who did what and when, in rows chained by their hashes so that no change goes unseen."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.changes import recorded
from home.context import Context
from home.contracts import FileResponse, Option, OutputFile, Request, Response, utc_text
from home.database import Database, Row
from home.errors import Refused, UsageError

FORMAT = 1
PAGE = 1000


class ChainBroken(Refused):
    """The audit was changed after it was written."""

    code = "audit_broken"

    def __init__(self, seq: int, found: str) -> None:
        super().__init__(
            f"The audit chain breaks at row {seq}: {found}.",
            hint="Rows before it are as they were written. Compare with a backup or an exported head.",
        )
        self.seq = seq


def record(
    connection: Connection, *, at: datetime, actor: str, action: str, subject: str, **detail: Any
) -> int:
    """Append one row inside the caller's transaction, so that action and record stand or fall together.

    Writers wait for each other from here to their commit, so call it last. Returns the row's number.
    """
    head = connection.execute(
        text("update audit_head set seq = seq + 1 where only_row = 1 returning seq, hash")
    ).one()
    row: Row = {"seq": head.seq, "format": FORMAT, "at": utc_text(at), "action": action}
    row |= {"actor": actor, "subject": subject, "detail": canonical(detail), "salt": secrets.token_hex(16)}
    row["digest"] = digest_of(row)
    row["hash"] = hash_of(head.hash, row)
    connection.execute(
        text(
            "insert into audit(seq, format, at, action, actor, subject, detail, salt, digest, hash)"
            " values (:seq, :format, :at, :action, :actor, :subject, :detail, :salt, :digest, :hash)"
        ),
        row,
    )
    connection.execute(text("update audit_head set hash = :hash where only_row = 1"), {"hash": row["hash"]})
    recorded()
    return int(head.seq)


def erase(connection: Connection, seqs: list[int], *, at: datetime, actor: str, reason: str) -> None:
    """Take the personal content out of rows and leave their place in the chain.

    The digest stays, so the chain still verifies; the erasure is a row of its own.
    """
    statement = "update audit set actor = '', subject = '', detail = null, salt = null where seq = :seq"
    for seq in seqs:
        connection.execute(text(statement), {"seq": seq})
    record(connection, at=at, actor=actor, action="erase", subject="audit", rows=seqs, reason=reason)


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, times as ISO 8601."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    raise TypeError(f"{type(value).__name__} has no place in an audit row")


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over what a row says of people and things, which an erasure may take away."""
    return _sha256(row["salt"], row["actor"], row["subject"], row["detail"])


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """SHA-256 over the previous row's hash and what stays of this row for ever."""
    return _sha256(previous, *(row[name] for name in ("format", "seq", "at", "action", "digest")))


def _sha256(*parts: Any) -> str:
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


class Head(FileResponse):
    """The end of the audit chain. Kept elsewhere, it proves later that nothing before it was changed."""

    format: int = FORMAT
    rows: int
    """Rows in the chain."""
    hash: str
    """SHA-256 of the last row; empty while there is none."""
    at: str | None
    """When the last row was written."""

    def lines(self) -> Iterator[str]:
        """The head as `--head` takes it."""
        yield f"{self.rows}:{self.hash}" if self.rows else "The audit is empty."
        if self.path:
            yield f"written to {self.path}"


class HeadRequest(Request):
    """Where to write the head."""

    output: Annotated[str | None, Option(("-o", "--output")), OutputFile()] = None
    """File to write the head to; it belongs on another machine."""


class VerifyRequest(Request):
    """What to verify against."""

    head: str | None = Field(default=None, pattern=r"^\d+:[0-9a-f]{64}$")
    """A head exported earlier, `ROWS:HASH`: also finds a chain that was rewritten as a whole."""


class Verified(Response):
    """A chain without a break."""

    ok: bool
    rows: int
    """Rows read."""
    erased: int
    """Rows whose personal content was taken out, each by an erasure on record."""
    hash: str
    """Hash of the last row."""
    first: str | None
    last: str | None

    def lines(self) -> Iterator[str]:
        """One sentence."""
        if not self.rows:
            yield "The audit is empty."
            return
        erased = f", {self.erased:,} of them with content erased on record" if self.erased else ""
        yield f"The audit is whole: {self.rows:,} rows from {self.first} to {self.last}{erased}."
        yield f"Head {self.rows}:{self.hash}"


def head(context: Context, request: HeadRequest) -> Head:  # noqa: ARG001
    """The end of the chain, to be kept where whoever can write the database cannot.

    `baton audit verify --head ROWS:HASH` compares with it later.
    """
    found = context.state.rows(
        "select h.seq, h.hash, a.at from audit_head h left join audit a on a.seq = h.seq where only_row = 1"
    )[0]
    content = canonical({"format": FORMAT, "rows": found["seq"], "hash": found["hash"], "at": found["at"]})
    return Head(rows=found["seq"], hash=found["hash"], at=found["at"], content=content + "\n")


def verify(context: Context, request: VerifyRequest) -> Verified:
    """Read the whole audit and check that every row is the one that was written.

    Finds rows that were changed, deleted, inserted or put in another order, and names the first.
    Rewriting the whole chain needs no break; an exported head (`baton audit head`) finds that too.
    """
    count, last, marks = 0, "", {"first": None, "last": None}
    erased: set[int] = set()
    on_record: set[int] = set()
    kept = _kept_head(request.head)
    for row in _rows(context.state):
        count += 1
        _check(row, count, last)
        last = row["hash"]
        if row["salt"] is None:
            erased.add(count)
        elif row["action"] == "erase":
            on_record.update(json.loads(row["detail"])["rows"])
        marks = {"first": marks["first"] or row["at"], "last": row["at"]}
        if kept and count == kept[0] and last != kept[1]:
            raise ChainBroken(count, "its hash is not the one of the exported head; the chain was rewritten")
        if count % PAGE == 0:
            context.job.progress(None, f"{count:,} rows are whole")
    _check_end(context.state, count, last, kept)
    if erased - on_record:
        raise ChainBroken(min(erased - on_record), "its content is gone and no erasure is on record")
    return Verified(ok=True, rows=count, erased=len(erased), hash=last, **marks)


def _rows(state: Database) -> Iterator[Row]:
    """Every row in order, read in pages so that a long audit fits in memory."""
    after = -1
    while page := state.rows(
        "select * from audit where seq > :after order by seq limit :page", {"after": after, "page": PAGE}
    ):
        yield from page
        after = page[-1]["seq"]


def _check(row: Row, expected: int, previous: str) -> None:
    if row["seq"] != expected:
        raise ChainBroken(expected, f"it is missing, row {row['seq']} follows")
    if row["format"] != FORMAT:
        raise ChainBroken(expected, f"it has format {row['format']}, and this Baton knows {FORMAT}")
    if row["salt"] is not None and row["digest"] != digest_of(row):
        raise ChainBroken(expected, "who, what or the details are not those that were written")
    if row["hash"] != hash_of(previous, row):
        raise ChainBroken(
            expected, "it was changed, or rows before it were changed, deleted or put in another order"
        )


def _check_end(state: Database, count: int, last: str, kept: tuple[int, str] | None) -> None:
    found = state.row("select seq, hash from audit_head where only_row = 1")
    if found is None or found["seq"] < count:
        raise ChainBroken(count, "the end of the chain on record lies before it")
    if found["seq"] > count:
        # Rows may have been added since the last page was read; only a gap before them is a break.
        if state.row("select 1 as one from audit where seq = :seq", {"seq": count + 1}) is None:
            raise ChainBroken(count + 1, f"it is missing, and {found['seq']:,} rows were written")
    elif found["hash"] != last:
        raise ChainBroken(count, "the end of the chain on record has another hash")
    if kept and count < kept[0]:
        raise ChainBroken(count + 1, f"it is missing, and the exported head counts {kept[0]:,} rows")


def _kept_head(given: str | None) -> tuple[int, str] | None:
    if given is None:
        return None
    rows, _, value = given.partition(":")
    if not rows.isdigit():
        raise UsageError(f"A head is written ROWS:HASH, not {given!r}.", hint="`baton audit head` prints it.")
    return int(rows), value

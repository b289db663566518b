"""Replaces values by keyed digests while a source is read, before anything of it is kept.

Equal values become equal tokens, in every column and source that is masked with the same key, so cases
still join and people still count as one or as two. Without the key nobody can go back, or try names out.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as compute

from home.errors import SettingError, UsageError
from home.settings import secret
from ingest.adapter import ROW, TRACE, Aside, Chunk
from ingest.contracts import Finding
from ingest.errors import Unfit
from ingest.mapping import CANONICAL, CASE, Wish

DIGITS = 16
"""Hexadecimal digits of a token: among ten million values two are alike once in 370,000 logs."""
SHORTEST_KEY = 16
REMEMBERED = 500_000
"""Tokens kept in memory."""
NEVER = ("timestamp", "start", "cost", "lifecycle")
"""Fields whose values are computed with."""
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def mask_key(reference: str) -> bytes:
    """The key behind the setting `mask_key`; raises `SettingError` where there is none or it is weak."""
    if not reference:
        raise SettingError(
            "--mask needs a key, and the setting mask_key names none.",
            hint="Make one (openssl rand -hex 32) and name it: BATON_MASK_KEY=file:PATH, or env:NAME.",
        )
    key = secret(reference)
    if len(key) < SHORTEST_KEY:
        raise SettingError(
            f"The key that mask_key refers to is shorter than {SHORTEST_KEY} characters.",
            hint="A short key can be guessed: make one with `openssl rand -hex 32`.",
        )
    return key.encode()


def fingerprint(key: bytes) -> str:
    """Tells one key from another, and nothing else about it."""
    return hmac.new(key, b"fingerprint of the mask key", hashlib.sha256).hexdigest()[:8]


@dataclass
class Mask:
    """What is masked of one source, and with which key."""

    names: Sequence[str]
    """Fields (`resource`, `case_id`, `case:NAME`) or columns, as the user named them."""
    key: bytes = field(repr=False)
    wish: Wish = field(default_factory=Wish)

    def __post_init__(self) -> None:
        for name in self.names:
            if name in NEVER:
                raise UsageError(
                    f"{name} cannot be masked: it is computed with.",
                    hint="Mask who and what, such as --mask resource or --mask case_id.",
                )
        self.columns = {name: self._columns(name) for name in self.names}
        """Name to the source columns it may mean; every one of them that there is gets masked."""
        self._found: set[str] = set()
        self._tokens: dict[str, str] = {}
        self._all_remembered = True

    def _columns(self, name: str) -> set[str]:
        meant = {name, *CANONICAL.get(name, ())}
        if name in self.wish.fields:
            meant.add(self.wish.fields[name])
        if name.startswith(CASE):
            meant.add(name.removeprefix(CASE))
        return meant

    def chunk(self, chunk: Chunk, classifiers: Mapping[str, Iterable[str]]) -> Chunk:
        """The portion with every value of a masked column replaced, also in JSON beside it."""
        targets = set().union(*self.columns.values())
        for name in targets & classifiers.keys():
            targets.update(classifiers[name])
            self._found.add(name)
        events = None if chunk.events is None else self._batch(chunk.events, targets)
        cases = None if chunk.cases is None else self._batch(chunk.cases, targets)
        return replace(chunk, events=events, cases=cases, aside=[self._aside(row) for row in chunk.aside])

    def require_found(self, source: str, known: Iterable[str] = ()) -> None:
        """Raise `Unfit` for a name that no column answered to: better nothing than a name left readable."""
        there = self._found | set(known)
        for name, columns in self.columns.items():
            if not columns & there:
                raise Unfit(
                    "column",
                    f"{source}: no column to mask for {name!r}; nothing was loaded.",
                    hint="--mask takes a field, as --map does, or a column as it is called in the source.",
                )

    def token(self, value: str) -> str:
        """What stands for a value; blank stays blank, so that missing values still show."""
        if not value.strip():
            return value
        found = self._tokens.get(value)
        if found is None:
            digest = hmac.new(self.key, value.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
            found = "m_" + digest[:DIGITS]
            if len(self._tokens) >= REMEMBERED:
                self._tokens.clear()
                self._all_remembered = False
            self._tokens[value] = found
        return found

    def words(self, text: str, names: Iterable[str], *, sure: bool = False) -> str:
        """A message without masked values: what it quotes is replaced, but for these names.

        Where it is not `sure` that every value was seen, everything quoted counts as one.
        """
        kept = set(names)
        sure = sure and self._all_remembered

        def replaced(match: re.Match[str]) -> str:
            quoted = match.group(1) if match.group(1) is not None else match.group(2)
            if quoted in kept or (sure and quoted not in self._tokens):
                return match.group()
            mark = match.group()[0]
            return f"{mark}{self.token(quoted)}{mark}"

        return QUOTED.sub(replaced, text)

    def finding(self, finding: Finding, names: Iterable[str]) -> Finding:
        """A finding whose examples are masked."""
        kept = list(names)
        return finding.model_copy(
            update={
                "message": self.words(finding.message, kept, sure=True),
                "where": self.words(finding.where, kept, sure=True),
            }
        )

    def _batch(self, batch: pa.RecordBatch, targets: set[str]) -> pa.RecordBatch:
        masked = [name for name in batch.schema.names if name in targets and name not in (ROW, TRACE)]
        self._found.update(masked)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        clear = [columns[name] for name in masked]
        for name, column in columns.items():
            if name in masked:
                columns[name] = self._column(column)
            elif pa.types.is_string(column.type) and _holds_json(column):
                columns[name] = self._documents(name, column, clear, targets)
        return pa.record_batch(list(columns.values()), names=list(columns))

    def _column(self, column: pa.Array) -> pa.Array:
        coded = column.cast(pa.string()).dictionary_encode()
        tokens = pa.array([self.token(v) for v in coded.dictionary.to_pylist()], pa.string())
        return tokens.take(coded.indices)

    def _documents(
        self, name: str, column: pa.Array, clear: Sequence[pa.Array], targets: set[str]
    ) -> pa.Array:
        """A column that keeps JSON, without what is masked beside it or lies where a masked name points."""
        rows = []
        for text, *values in zip(column.to_pylist(), *(c.to_pylist() for c in clear), strict=True):
            rows.append(self._document(text, name, {v for v in values if v and v.strip()}, targets))
        return pa.array(rows, pa.string())

    def _document(self, text: str | None, name: str, clear: set[str], targets: set[str]) -> str | None:
        if text is None or not text.lstrip().startswith(("{", "[")):
            return text
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return text if not any(value in text for value in clear) else self.token(text)
        return json.dumps(self._walk(document, name, clear, targets), ensure_ascii=False)

    def _walk(self, value: Any, path: str, clear: set[str], targets: set[str]) -> Any:
        if isinstance(value, dict):
            return {k: self._walk(v, f"{path}.{k}", clear, targets) for k, v in value.items()}
        if isinstance(value, list):
            return [self._walk(v, path, clear, targets) for v in value]
        if value is None or isinstance(value, bool):
            return value
        pointed = path in targets or path.rpartition(".")[2] in targets
        if pointed:
            self._found.update({path, path.rpartition(".")[2]} & targets)
        return self.token(str(value)) if pointed or str(value) in clear else value

    def _aside(self, row: Aside) -> Aside:
        """A row set aside with every value masked: in a malformed one, any may stand in any column."""
        values = {name: None if v is None else self.token(str(v)) for name, v in row.values.items()}
        return replace(row, values=values, reason=self.words(row.reason, row.values))


def _holds_json(column: pa.Array) -> bool:
    begins = compute.or_(
        compute.starts_with(compute.utf8_ltrim_whitespace(column), "{"),
        compute.starts_with(compute.utf8_ltrim_whitespace(column), "["),
    )
    return bool(compute.any(begins).as_py())

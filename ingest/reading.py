"""Reads a source in a child process into a spool: bounded in memory and time, killed when cancelled."""

import gc
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from home import children
from home.children import Children, ComputationFailed
from home.context import Context
from home.errors import BatonError
from home.scratch import working_folder
from ingest import spool
from ingest.adapter import Limits, Options, Reading
from ingest.contracts import Finding
from ingest.decode import opened, without_secrets
from ingest.errors import IngestError, Unfit
from ingest.mapping import Wish, resolve
from ingest.mask import Mask
from ingest.milestones import as_events
from ingest.registry import choose, misnamed
from ingest.spool import Manifest, Spool

SHARE = 0.6
"""Part of a load that reading is, for its progress."""
TOLD_EVERY_S = 0.1
AT_ONCE = 4
"""Sources read at the same time; more wait."""


@dataclass(frozen=True)
class Order:
    """What the child is to read, and how."""

    found: Path | str
    """A file, or an address with its secrets."""
    folder: Path
    """The spool."""
    adapter: str | None
    chosen: Mapping[str, Any]
    """Options of the adapter."""
    wish: Wish
    how: Mapping[str, Any]
    """What, beside the adapter, makes two loads of one content the same."""
    limits: Limits = field(default_factory=Limits)
    held: frozenset[tuple[str, str]] = frozenset()
    """Content and way of reading (`how`) of what the log holds already: not read again."""
    extends: bool = True
    """Other content may be loaded into the log; if not, it need not be read."""
    resumed: Manifest | None = None
    """What an earlier pull read before its source went away."""
    position: str | None = None
    """Where to go on."""
    mask: tuple[str, ...] = ()
    """Fields or columns whose values are replaced by keyed digests."""
    key: bytes = field(default=b"", repr=False)
    """What they are keyed with."""
    milestones: tuple[str, ...] = ()
    """Columns of times, where each row is a whole case."""
    looking: bool = False
    """Only to look at: no column is missed."""
    most: int | None = None
    """Rows after which to stop; all of them without."""
    folder_now: str = field(default_factory=os.getcwd)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """A warm child has those of its start."""

    def resuming(self) -> "Order":
        """This order going on with what an earlier pull left in the folder, where it was the same order."""
        left = spool.kept(self.folder)
        if left is not None and left.how == self._asked() and left.began == self.position:
            return replace(self, resumed=left, position=left.position)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def manifest(self, **known: Any) -> Manifest:
        """The beginning of a manifest of what is read for this order."""
        began = self.resumed.began if self.resumed else self.position
        return Manifest(how=self._asked(), began=began, **known)

    def _asked(self) -> str:
        found = hashlib.sha256(str(self.found).encode()).hexdigest()  # an address may hold a password
        return as_read({**self.how, "chosen": self.adapter, "of": found}, "")


def as_read(how: Mapping[str, Any], adapter: str) -> str:
    """How a content is read, as one text: what makes two loads of it the same."""
    return json.dumps({"adapter": adapter, **how}, sort_keys=True)


@contextmanager
def spooled(
    context: Context, order: Callable[[Path], Order], kept_in: Path | None = None
) -> Iterator[tuple[Path, Manifest]]:
    """A spool with all of a source, and its manifest; gone at the end.

    `order` says what to read into the folder it is given. With `kept_in` the spool lies there, and stays
    when the source went away and can be gone on with. Raises what reading raised, and `Unfit` ("limit")
    where it needed more memory or time than a load may.
    """
    if kept_in is None:
        with working_folder(context.home) as folder:
            yield folder, _in_child(context, order(folder))
        return
    kept_in.mkdir(parents=True, exist_ok=True)
    try:
        yield kept_in, _in_child(context, order(kept_in))
    except BatonError as error:
        if not error.retryable:
            shutil.rmtree(kept_in, ignore_errors=True)
        raise
    except Exception:
        shutil.rmtree(kept_in, ignore_errors=True)
        raise
    shutil.rmtree(kept_in, ignore_errors=True)


def kept_folder(home: Path, feed: str) -> Path:
    """Where what a pull has read is kept when its source goes away, whatever the feed is called."""
    from hashlib import sha256

    plain = feed.isascii() and feed.replace("-", "").replace("_", "").isalnum() and len(feed) < 100
    return home / "pulls" / (feed if plain else sha256(feed.encode()).hexdigest()[:32])


def _in_child(context: Context, order: Order) -> Manifest:
    settings = context.settings
    pool = readers(settings.read_memory_bytes, settings.read_deadline_s)
    try:
        found: Manifest = pool.compute(context.job, read, order)
    except ComputationFailed as error:
        raise _explained(
            error, _name(order.found), settings.read_memory_bytes, settings.read_deadline_s
        ) from error
    return found


@cache
def readers(memory_bytes: int, deadline_s: float) -> Children:
    """The children of this process that read sources; warm ones are used again."""
    return Children(AT_ONCE, memory_bytes, deadline_s, preload=("ingest.reading",))


def _name(found: Path | str) -> str:
    return without_secrets(found) if isinstance(found, str) else found.name


def _explained(error: ComputationFailed, name: str, memory: int, deadline: float) -> IngestError:
    size = f"{memory / 2**30:.1f} GB"
    if error.reason == "deadline":
        return Unfit(
            "limit",
            f"{name}: reading took longer than the limit of {deadline:.0f} s and was stopped.",
            hint="The setting read_deadline_s raises the limit.",
        )
    if error.reason == "memory":
        return Unfit(
            "limit",
            f"{name}: reading needed more memory than the limit of {size} and was stopped.",
            hint="The setting read_memory_bytes raises the limit.",
        )
    if not error.signal:
        return IngestError(
            f"{name} could not be read: {error.message}", hint="Please report it with the file."
        )
    return Unfit(
        "limit",
        f"{name}: its reader ended with {signal.Signals(error.signal).name}; it needed more memory than the"
        f" limit of {size}, or stumbled over the content.",
        hint="Raise read_memory_bytes if you trust the source; else please report it.",
    )


def read(order: Order) -> Manifest:
    """Read a source into a spool, in a child process; the manifest says what lies there."""
    try:
        return _Read(order).run()
    except (BatonError, OSError, MemoryError):
        raise
    except Exception as error:
        raise IngestError(
            f"{_name(order.found)} could not be read: {type(error).__name__}: {error}",
            hint="This is a fault in the adapter; please report it with the source.",
        ) from error
    finally:
        _give_back_memory()


def _give_back_memory() -> None:
    """Give the system what this process holds and does not use: it waits while others lay out."""
    import ctypes

    import pyarrow as pa

    gc.collect()
    gc.freeze()  # what is left are modules, and the next read need not look through them
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


@dataclass
class _Read:
    order: Order
    told: float = field(default=0.0)
    mask: Mask | None = field(default=None)
    complete: bool = field(default=True)

    def run(self) -> Manifest:
        order = self.order
        os.environ.update(order.environment)
        os.chdir(order.folder_now)
        with opened(order.found, order.limits, order.folder) as content:
            adapter = choose(content, order.adapter)
            manifest = order.manifest(source=content.name, adapter=adapter.name, digest=content.digest or "")
            if content.digest is not None:
                same = (content.digest, as_read(order.how, adapter.name)) in order.held
                if same or not order.extends:
                    return manifest.model_copy(update={"held": True})
            self._progress(0.0)
            options = Options(
                **order.chosen,
                position=order.position,
                limits=order.limits,
                progress=self._progress,
            )
            if order.mask:
                self.mask = Mask(order.mask, order.key, order.wish)
            with self._masked_errors([content.name]):
                reading = adapter.read(content, options)
            if order.milestones:
                reading = as_events(reading, order.milestones)
            # A missing column is said before an hour of reading.
            if not order.looking and reading.columns is not None:
                resolve(order.wish, reading.columns, source=content.name)
            filled = self._fill(reading, manifest)
            odd_name = misnamed(content, adapter)
            if self.mask is not None and order.position is None:  # what is new may well lack a column
                self.mask.require_found(content.name, (*filled.columns, *filled.case_columns))
            findings = [*content.findings, *([odd_name] if odd_name else []), *self._said(reading, filled)]
            known = {**self._about(reading), **filled.contents(), "findings": tuple(findings)}
            return manifest.model_copy(update=known)

    def _fill(self, reading: Reading, manifest: Manifest) -> Spool:
        order = self.order
        filled = Spool(order.folder, order.limits, order.resumed)
        filled.declare(reading.columns or ())
        try:
            with self._masked_errors(self._names(filled)):
                for chunk in reading.chunks:
                    filled.add(self.mask.chunk(chunk, reading.classifiers) if self.mask else chunk)
                    if order.most is not None and filled.events >= order.most:
                        self.complete = False
                        break
        except BatonError as error:
            if error.retryable and filled.position is not None:
                filled.settle()
                known = {**self._about(reading), **filled.contents()}
                known["findings"] = tuple(self._said(reading, filled))
                spool.keep(order.folder, manifest.model_copy(update=known))
            raise
        filled.close()
        return filled

    @contextmanager
    def _masked_errors(self, names: list[str]) -> Iterator[None]:
        """Let no error quote what is masked."""
        try:
            yield
        except BatonError as error:
            if self.mask is not None:
                error.message = self.mask.words(error.message, names)
                error.args = (error.message,)
            raise

    def _said(self, reading: Reading, filled: Spool) -> Iterator[Finding]:
        """What the adapter found, with what it found before its source went away."""
        yield from self.order.resumed.findings if self.order.resumed else ()
        for finding in reading.findings:
            yield self.mask.finding(finding, self._names(filled)) if self.mask else finding

    def _names(self, filled: Spool) -> list[str]:
        """What messages may quote: the names of the source and its columns."""
        return [_name(self.order.found), *filled.columns, *filled.case_columns]

    def _progress(self, fraction: float | None) -> None:
        now = time.monotonic()
        if now - self.told >= TOLD_EVERY_S:
            self.told = now
            share = None if fraction is None else SHARE * fraction
            children.tell(share, f"reading {_name(self.order.found)}")

    def _about(self, reading: Reading) -> dict[str, Any]:
        about: dict[str, Any] = {
            "row_word": reading.row_word,
            "classifiers": reading.classifiers,
            "simulated": reading.simulated,
            "plan": reading.plan,
            "found": reading.found,
            "complete": self.complete,
        }
        if reading.digest is not None:
            before = self.order.resumed.digest if self.order.resumed else ""
            digest = reading.digest()
            about["digest"] = hashlib.sha256((before + digest).encode()).hexdigest() if before else digest
        return about

"""An occurrence becomes a run: once, in the transaction that remembers it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from home.clock import Clock
from home.database import Database
from home.errors import BatonError, Refused
from home.ids import new_id
from home.telemetry import at_work, doing, valid
from orchestrate.core.plan_index import PlanIndex, breach
from orchestrate.core.rules import RuleError, compile_rule, compile_value
from orchestrate.engine.start import start_in
from orchestrate.plans.versions import find_version
from orchestrate.records.audit import record
from orchestrate.triggers import store
from orchestrate.triggers.contracts import AfterRun, Outcome, Trigger
from orchestrate.triggers.store import Kept

NAMES = ("data", "event")
"""What expressions may speak of."""
LONGEST_ID = 300
LONGEST_KEY = 500
KNOWN = "select outcome, run, detail from occurrence where trigger_name = :name and id = :id"
KEEP = (
    "insert into occurrence(trigger_name, id, at, outcome, run, depth, detail)"
    " values (:name, :id, :at, :outcome, :run, :depth, :detail) on conflict (trigger_name, id) do update set"
    " at = excluded.at, outcome = excluded.outcome, run = excluded.run, depth = excluded.depth,"
    " detail = excluded.detail where occurrence.outcome = 'refused'"
)
LATEST = "select latest from plan where name = :plan"


@dataclass(frozen=True)
class Occurrence:
    """Something happened that may start a run."""

    id: str
    """What it is known by when it comes again."""
    data: Any
    """What came in, as JSON."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """Facts about its coming."""
    depth: int = 0
    unwanted: bool = False
    """The trigger's filter does not want it."""
    outcome: Outcome | None = None
    """Set where it is already known what becomes of it, such as `missed`."""
    refusal: str = ""
    """What is wrong with it, where it could not even be read."""


@dataclass(frozen=True)
class Fired:
    """What became of an occurrence, now or when it came first."""

    id: str
    outcome: Outcome
    run: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Aimed:
    """An occurrence and what it would start: found without writing anything."""

    occurrence: Occurrence
    outcome: Outcome | None
    """`None`: a run is to be started."""
    detail: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    index: PlanIndex | None = None
    version: int = 0


def known_by(id: str) -> str:
    """An id as it is kept: long ones by their digest, and nothing in it that is no text."""
    safe = safe_text(id)
    return safe if len(safe) <= LONGEST_ID else f"sha256:{sha256(safe.encode()).hexdigest()}"


def safe_text(text: str) -> str:
    """`text` as every database keeps it: without what is no character."""
    return text.encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\0")


class Starter:
    """Starts the runs of triggers; one per process and store."""

    def __init__(self, state: Database, clock: Clock) -> None:
        self.state, self.clock = state, clock
        self._indexes: dict[tuple[str, int], PlanIndex] = {}

    def known(self, kept: Kept, id: str) -> Fired | None:
        """What became of an occurrence that came before; `None` for a new one, or one to be tried again."""
        row = self.state.row(KNOWN, {"name": kept.name, "id": known_by(id)})
        if row is None or row["outcome"] == "refused":
            return None
        return Fired(known_by(id), row["outcome"], row["run"], row["detail"])

    def fire(self, kept: Kept, occurrence: Occurrence, *, by: str | None = None) -> Fired:
        """Deal with one occurrence; see `fire_all`."""
        return self.fire_all(kept, [occurrence], by=by)[0]

    def fire_all(
        self,
        kept: Kept,
        occurrences: Sequence[Occurrence],
        *,
        by: str | None = None,
        then: Callable[[Connection], None] | None = None,
        still: bool = False,
    ) -> list[Fired]:
        """Start a run for each occurrence that is new, all in one transaction; what became of each.

        One that came before gets the answer it got then; one that was refused is tried again. `by` is who
        fires it by hand. `then` is done in the same transaction. Raises `Moved` where the trigger is not as
        it was read (with `still`: also where it stands elsewhere); then nothing was done.
        """
        aimed = [self.aim(kept.trigger, occurrence) for occurrence in occurrences]
        now = self.clock.now()
        with self.state.transaction() as connection:
            store.hold(connection, kept, paused=by is not None, still=still)
            counted: Counter[str] = Counter()
            fired, begun, error = [], [], None
            for aim in aimed:
                answer, new = self._one(connection, kept, aim, by or kept.queue)
                fired.append(answer)
                if new:
                    counted[answer.outcome] += 1
                    error = answer.detail if answer.outcome == "refused" else None
                    if answer.outcome == "started":
                        begun.append((aim, answer))
            if then is not None:
                then(connection)
            if counted:
                store.count(connection, kept, counted, now.timestamp(), error)
            for aim, answer in begun:  # the audit last: writers wait there for each other
                detail = {"plan": f"{kept.trigger.plan}@{aim.version}", "key": aim.key}
                detail |= {"trigger": kept.name, "occurrence": answer.id}
                record(
                    connection,
                    at=now,
                    actor=by or kept.queue,
                    action="start",
                    subject=answer.run or "",
                    **detail,
                )
        return fired

    def _one(self, connection: Connection, kept: Kept, aim: Aimed, by: str) -> tuple[Fired, bool]:
        """What became of an occurrence, and whether that is new."""
        id = known_by(aim.occurrence.id)
        if aim.occurrence.unwanted:  # counted, and not kept: a busy queue may hold little else
            return Fired(id, "skipped", None, aim.detail), True
        row = connection.execute(text(KNOWN), {"name": kept.name, "id": id}).first()
        if row is not None and row.outcome != "refused":
            return Fired(id, row.outcome, row.run, row.detail), False
        run, outcome, now = None, aim.outcome, self.clock.now()
        if aim.index is not None and outcome is None:
            # A CloudEvent names its trace in an attribute, a webhook in a header of its request.
            trace = valid(str(aim.occurrence.event.get("traceparent"))) or at_work().trace
            with doing(trace=trace):
                run, created = start_in(
                    connection,
                    aim.index,
                    aim.version,
                    run=new_id("run", now),
                    data=aim.data,
                    at=now.timestamp(),
                    key=aim.key,
                    by=by,
                    priority=kept.trigger.priority,
                )
            outcome = "started" if created else "known"
        fired = Fired(id, outcome or "refused", run, aim.detail)
        values = {"name": kept.name, "at": now.timestamp(), "depth": aim.occurrence.depth, **vars(fired)}
        connection.execute(text(KEEP), values)
        return fired, True

    def aim(self, trigger: Trigger, occurrence: Occurrence) -> Aimed:
        """What an occurrence would start; writes nothing, and what is wrong is in the answer."""
        if occurrence.outcome is not None:
            return Aimed(occurrence, occurrence.outcome)
        if occurrence.refusal:
            return Aimed(occurrence, "refused", occurrence.refusal)
        if occurrence.unwanted:
            return Aimed(occurrence, "skipped", "its filter does not want it")
        try:
            return self._aim(trigger, occurrence)
        except BatonError as error:
            if error.retryable:
                raise
            return Aimed(occurrence, "refused", error.message)

    def _aim(self, trigger: Trigger, occurrence: Occurrence) -> Aimed:
        if isinstance(trigger.on, AfterRun) and occurrence.depth > trigger.on.deepest:
            raise Refused(
                f"{trigger.on.deepest} runs in a row were started by the end of another; no more are"
            )
        given = {"data": occurrence.data, "event": dict(occurrence.event)}
        if trigger.when is not None:
            wanted = compile_value(trigger.when, *NAMES)(given)
            if not isinstance(wanted, bool):
                raise RuleError(f"The condition {trigger.when!r} gave {wanted!r}, neither true nor false.")
            if not wanted:
                return Aimed(occurrence, "skipped", "its condition does not hold")
        data = {name: compile_value(rule, *NAMES)(given) for name, rule in trigger.set.items()}
        if not trigger.set:
            if not isinstance(occurrence.data, dict):
                raise Refused(
                    "What came in is no JSON object, so it cannot be the data of a run; --set says what is"
                )
            data = occurrence.data
        key = None if trigger.key is None else _key(trigger.key, compile_value(trigger.key, *NAMES)(given))
        index, version = self.plan(trigger.plan, trigger.version)
        if problem := breach(index.plan.input, data):
            return Aimed(occurrence, "refused", f"the input contract of the plan: {problem}", data, key)
        return Aimed(occurrence, None, "", data, key, index, version)

    def plan(self, name: str, version: int | None) -> tuple[PlanIndex, int]:
        """A version of a plan, made ready to be run; each is read once. Raises `NotFound`."""
        if version is None:
            row = self.state.row(LATEST, {"plan": name})
            version = row["latest"] if row else None
        if version is None or (name, version) not in self._indexes:
            found = find_version(self.state, name, version)
            version = found.version
            self._indexes[name, version] = PlanIndex(found.plan, compile_rule)
        return self._indexes[name, version], version


def _key(expression: str, value: Any) -> str:
    """A business key as text; raises `RuleError` for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise RuleError(
            f"The key {expression!r} gave {json.dumps(value)[:80]}, which is no text and no number."
        )
    if len(str(value)) > LONGEST_KEY:
        raise RuleError(f"The key {expression!r} gave a text of more than {LONGEST_KEY} characters.")
    return safe_text(str(value))

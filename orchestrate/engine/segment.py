"""A segment: one run while this process drives it, from being claimed until only waits are left.

Events are applied as they come; no branch waits for another. Every event is journaled before what
follows from it begins. When the run is no longer ours the segment stops without a trace.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from math import inf
from time import monotonic, perf_counter
from typing import Any

from home.errors import BatonError
from orchestrate.core.effects import Alert, CloseTask, Effect, Refusal
from orchestrate.core.events import Decided, Event, Tick, read_event
from orchestrate.core.machine import Attempt, advance, next_due, outstanding
from orchestrate.core.turn import State
from orchestrate.engine.attempts import Fenced, Host, make
from orchestrate.engine.entry import entry_of
from orchestrate.engine.observer import Committed
from orchestrate.engine.operations import Park, Verdict
from orchestrate.engine.protected import Held
from orchestrate.engine.statements import Claimed, Commit
from orchestrate.engine.sub_plans import calls, reached
from orchestrate.engine.task_table import writes

log = logging.getLogger("baton.engine")
Key = tuple[str, int, int]


class Segment:
    """Drives one claimed run."""

    def __init__(self, host: Host, claimed: Claimed) -> None:
        self.host, self.claimed = host, claimed
        self.index = host.index_of(claimed.plan, claimed.version)
        self.state: State = json.loads(claimed.state)
        self.rev, self.seen = claimed.rev, claimed.seen
        self.since = claimed.since
        self.unseen = claimed.head > claimed.seen
        self.parked = self.stopping = False
        self.under_way: dict[Key, asyncio.Task[Event | Held]] = {}
        self.held: dict[Key, Held] = {}
        self._wake = asyncio.Event()

    @property
    def now(self) -> float:
        """Seconds since 1970 by the engine's clock."""
        return self.host.clock.now().timestamp()

    def wake(self) -> None:
        """Say that something arrived in the inbox, or that a place became free."""
        self.unseen = True
        self.held.clear()
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing more, and end as soon as what is under way has ended."""
        self.stopping = True
        self._wake.set()

    def abandon(self) -> None:
        """Give up what is under way; its attempts are made again by whoever drives the run next."""
        for task in self.under_way.values():
            task.cancel()

    async def drive(self) -> None:
        """Drive the run until it waits, ends, or is no longer ours."""
        try:
            while not self.parked:
                await self._read_inbox()
                await self._pass_time()
                await self._go_on()
                if self.stopping and not self.under_way:
                    break
        except Fenced:
            log.info("run is no longer ours", extra={"run": self.claimed.run})
        finally:
            for task in self.under_way.values():
                task.cancel()

    async def _go_on(self) -> None:
        if self.parked:
            return
        self._match_attempts()
        lingers = self.held and self._next() - self.now <= self.host.linger_s and not self.stopping
        if self.under_way or lingers:
            await self._wait()
        elif self.held or self._only_waits(self.state):
            await self._park()

    async def _read_inbox(self) -> None:
        while self.unseen and not self.parked:
            self.unseen = False
            for seq, kind, payload in await self.host.journal.unseen(self.claimed.run, self.seen):
                try:
                    event = read_event(kind, json.loads(payload))
                except BatonError as error:
                    await self._refuse(error.message, seq)
                else:
                    await self._tell(event, seq=seq)

    async def _refuse(self, reason: str, seq: int) -> None:
        """Pass over an event that nobody can read; it stays in the inbox, and the journal says why."""
        entry = entry_of(self.index, self.state, Tick(), (Refusal(reason),), self.now)
        await self._commit(self.state, entry, (), seq=seq)

    async def _pass_time(self) -> None:
        due = next_due(self.state)
        if not self.parked and due is not None and due <= self.now:
            await self._tell(Tick())

    def _match_attempts(self) -> None:
        """Begin what should be under way and is not; drop what no longer should be."""
        wanted = {(a.node, a.visit, a.attempt): a for a in outstanding(self.index, self.state)}
        for key in self.under_way.keys() - wanted.keys():
            if "paused" not in self.state:
                self.under_way.pop(key).cancel()
        self.held = {k: held for k, held in self.held.items() if k in wanted and held.until > self.now}
        for key, attempt in wanted.items():
            if key not in self.under_way and key not in self.held and not self.stopping:
                if not self.host.fresh(self.since):
                    raise Fenced
                self.under_way[key] = asyncio.create_task(self._attempt(attempt))

    async def _wait(self) -> None:
        """Until an attempt has ended, something arrived, or a timer ran out."""
        due = self._next()
        timeout = None if due == inf else max(0.0, due - self.now)
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait(
                [waking, *self.under_way.values()], timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waking.cancel()
            self._wake.clear()
        for key in [key for key, task in self.under_way.items() if task.done()]:
            task = self.under_way.pop(key)
            if task.cancelled():
                continue
            found = task.result()
            if isinstance(found, Held):
                self.held[key] = found
            else:
                await self._tell(found)

    def _next(self) -> float:
        """When time itself is the next event, in the plan or for an attempt that is held back."""
        due = next_due(self.state)
        return min([inf if due is None else due, *(held.until for held in self.held.values())])

    async def _attempt(self, attempt: Attempt) -> Event | Held:
        plan = f"{self.claimed.plan}@{self.claimed.version}"
        return await make(self.host, plan, self.state, attempt, self.since)

    async def _tell(self, event: Event, *, seq: int | None = None) -> None:
        """Apply one event and write it, with what it asks of the store."""
        verdict = None
        while not self.parked and verdict in (None, Verdict.UNSEEN):
            now = self.now
            state, effects = advance(self.index, self.state, event, now)
            refused = bool(effects) and isinstance(effects[0], Refusal)
            if refused and seq is None:
                return  # a late answer of our own; nobody waits to hear of it
            entry = entry_of(self.index, self.state, event, effects, now)
            if refused:
                effects = _warn_of(event, effects)
            # A timer or a result must not close a task whose decision was accepted and lies unread.
            closes = isinstance(event, Tick) or any(isinstance(e, CloseTask) for e in effects)
            verdict = await self._commit(state, entry, effects, seq=seq, strict=closes and seq is None)
            if verdict is Verdict.UNSEEN:
                await self._read_inbox()

    async def _commit(
        self,
        state: State,
        entry: Mapping[str, Any],
        effects: Sequence[Effect],
        *,
        seq: int | None,
        strict: bool = False,
    ) -> Verdict:
        due, row, at = next_due(state), vars(self.claimed) | {"id": self.claimed.run}, entry["at"]
        postgres = self.host.journal.database.is_postgres
        commit = Commit(
            run=self.claimed.run,
            fence=self.claimed.fence,
            rev=self.rev,
            state=json.dumps(state),
            seen=self.seen if seq is None else seq,
            entry=entry,
            status=state["status"],
            ended=state.get("ended"),
            strict=strict,
            park=self._only_waits(state),
            due=due,
            writes=writes(effects, row, at) + calls(effects, row, at, self.host.find, postgres=postgres),
        )
        handed, asked = perf_counter(), monotonic()
        verdict = await self.host.journal.commit(commit)
        if verdict is Verdict.FENCED:
            raise Fenced
        if verdict is Verdict.UNSEEN:
            self.unseen = True
            return verdict
        for run in reached(effects):
            self.host.news(run)
        took = perf_counter() - handed
        self.host.observer.committed(
            Committed(self.claimed, self.state, state, self.index, entry, effects, took)
        )
        self.rev, self.seen, self.state = self.rev + 1, commit.seen, state
        self.since = asked
        if verdict is Verdict.NOT_PARKED:
            self.unseen = True
        elif commit.park:
            self._let_go(due)
        return verdict

    def _only_waits(self, state: State) -> bool:
        """Whether nothing is under way, nothing should be, and no time has run out."""
        if state["status"] != "open":
            return not self.under_way
        due = next_due(state)
        return not self.under_way and not outstanding(self.index, state) and (due is None or due > self.now)

    async def _park(self) -> None:
        due = None if self._next() == inf else self._next()
        held = "; ".join(dict.fromkeys(one.reason for one in self.held.values())) or None
        park = Park(self.claimed.run, self.claimed.fence, self.rev, due, held)
        if self.held:
            verdict = await self.host.protected.park(park, self.held.values())
        else:
            verdict = await self.host.journal.park(park)
        if verdict is Verdict.FENCED:
            raise Fenced
        if verdict is Verdict.NOT_PARKED:
            self.wake()
        else:
            self._let_go(due)

    def _let_go(self, due: float | None) -> None:
        self.parked = True
        if self.state["status"] != "open":
            self.host.protected.forget(self.claimed.run)
        self.host.parked(self.claimed.run, due)


def _warn_of(event: Event, effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """A decision that came too late is worth somebody's attention: its decider was told it counts."""
    if not isinstance(event, Decided):
        return ()
    reason = next(e.reason for e in effects if isinstance(e, Refusal))
    return (Alert("refused", event.node or event.task or "", 0, f"a decision by {event.by}: {reason}"),)

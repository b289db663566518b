"""Thousands of schedules of a small world, each from its seed: whatever goes wrong, nothing may get lost.

    python -m tests.chaos.schedules --seeds 5000     # looks for a seed that breaks a promise
    python -m tests.chaos.schedules --seed 17        # plays that one again and tells what happened

Two workers drive runs of planted plans through the real core, the real segments and the real
statements of the journal. They are killed between any two things they do, frozen, taken over from and
woken again; answers and acknowledgements are lost, results come twice and in any order, clocks jump.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from orchestrate.connectors.options import Options
from orchestrate.connectors.port import About, CallFailed, Later, Work
from orchestrate.contracts import Plan
from orchestrate.core.plan_index import PlanIndex
from orchestrate.engine.start import start_with
from orchestrate.engine.statements import post
from tests.chaos.promises import STRANDED, findings
from tests.chaos.virtual import VirtualLoop, Worker, World
from tests.orchestrate.engine.schedules import LISTS, decision, grown, rule

TURNS, KIND_TURNS = 30, 400
ANSWERED = (
    "select 1 from journal where run = :run and node = :node and visit = :visit and completes = 1"
    " and kind = 'succeeded'"
)


class Keyed:
    """A system behind keyed handlers: the same key is the same effect, with the same answer."""

    summary = "Keyed."
    about, options = About("Tests."), Options

    def __init__(self, world: World, worker: str) -> None:
        self.world, self.worker = world, worker

    async def call(self, work: Work) -> Mapping[str, Any] | Later:
        """Do it now or later, fail, or take too long; a call for what is journaled already is noted."""
        world, me = self.world, self.world.workers[self.worker]
        await me.awake.wait()
        place = {"run": work.run, "node": work.node, "visit": work.visit}
        if work.run not in me.lost and world.store.rows(ANSWERED, **place):
            world.violations.append(f"{work.key}: its result was journaled, and it was done again")
        await asyncio.sleep(world.random.random() * 0.5)
        if world.chance(0.05):
            raise CallFailed("told to fail", retryable=world.chance(0.8))
        output = {f"f{work.visit % 2}": work.key, "last": work.key}
        if world.chance(0.2):
            event = place | {"attempt": work.attempt, "output": output}
            for _ in range(world.random.choice([1, 1, 2])):
                world.loop.call_later(world.random.random() * 3, send, world, "succeeded", event)
            return Later(within_s=20.0, reason="nothing came")
        return output


def send(world: World, kind: str, event: dict[str, Any]) -> None:
    """Post an event to its run, as the API does."""
    event = dict(event)
    run = event.pop("run")
    world.store.transaction(lambda execute: post(execute, run, kind, event, world.now, postgres=False))
    world.told(run)


def decide(world: World, task: dict[str, Any]) -> None:
    """Settle a task, once, as `baton decide` does: the first counts."""
    luck = world.random.random()
    made = {"id": task["id"], "kind": task["kind"], "outcomes": json.loads(task["outcomes"])}
    said = decision(made, luck, "bo").model_dump(exclude={"kind"})
    if made["outcomes"] and world.chance(0.15):
        said["outcome"] = world.random.choice(made["outcomes"])

    def settle(execute: Any) -> None:
        done = "update task set status = 'done', outcome = :outcome where id = :task and status = 'open'"
        if execute(done, said).rowcount == 1:
            post(execute, task["run"], "decided", said, world.now, postgres=False)

    world.store.transaction(settle)
    world.told(task["run"])


class Fate:
    """What happens to a world, turn by turn, until everything has ended or nothing moves any more."""

    def __init__(self, world: World) -> None:
        self.world, self.random = world, world.random
        for name in ("w1", "w2"):
            self.launch(name)

    def launch(self, name: str) -> None:
        """Start a worker, or start it again."""
        connectors = dict.fromkeys(("stub", "undo"), Keyed(self.world, name))
        self.world.workers[name] = Worker(self.world, name, connectors)  # type: ignore[arg-type]

    async def unfold(self) -> None:
        """Turn after turn something goes wrong; then nothing does, and everything has to end."""
        for number in range(self.random.choice([1, 1, 2])):
            data = LISTS | {"text": "abc" if self.world.chance(0.3) else []}
            self.world.store.transaction(lambda execute: self._begin(execute, f"run-{number}", data))  # noqa: B023
            self.world.told(f"run-{number}")
        for _ in range(TURNS):
            if not self._open():
                break
            await asyncio.sleep(self.random.random() * 0.6)
            self._something()
            self._look()
        self.world.kind = True
        for worker in list(self.world.workers.values()):
            worker.awake.set()
        for _ in range(KIND_TURNS):
            if not self._open():
                break
            await asyncio.sleep(1.0)
            self.world.take_over()
            self._help()
            self._look()
        await asyncio.sleep(5.0)
        for worker in self.world.workers.values():
            worker.kill()

    def _begin(self, execute: Any, run: str, data: dict[str, Any]) -> None:
        index = self.world.indexes["planted"]
        start_with(execute, index, 1, run=run, data=data, at=self.world.now, key=run)

    def _open(self) -> list[str]:
        return [
            r["id"] for r in self.world.store.rows("select id from run where status = 'open' order by id")
        ]

    def _something(self) -> None:
        kinds = [self._people, self._people, self._people, self._kill, self._freeze, self._steer, self._leap]
        kinds += [self._tie]
        self.random.choice(kinds)()
        self.world.take_over()

    def _people(self) -> None:
        tasks = self.world.store.rows(
            "select * from task where status = 'open' and kind <> 'side' order by id"
        )
        if tasks:
            task = self.random.choice(tasks)
            for _ in range(self.random.choice([1, 1, 2])):
                decide(self.world, task)

    def _kill(self) -> None:
        name = self.random.choice(["w1", "w2"])
        self.world.workers[name].kill()
        self.launch(name)

    def _freeze(self) -> None:
        worker = self.world.workers[self.random.choice(["w1", "w2"])]
        worker.awake.clear()
        self.world.loop.call_later(self.random.random() * 8, worker.awake.set)

    def _steer(self) -> None:
        """Somebody pauses, resumes, sends back, reschedules or cancels a run, whether it fits or not."""
        runs = self.world.store.rows("select id, plan from run where status = 'open' order by id")
        if not runs:
            return
        run = self.random.choice(runs)
        node = self.random.choice(sorted(self.world.indexes[run["plan"]].nodes))
        due = self.random.choice([None, self.world.now + 600])
        events: dict[str, dict[str, Any]] = {
            "pause": {},
            "resume": {},
            "go_back": {"node": node, "undo": self.random.random() < 0.5},
            "reschedule": {"due": due, "task": self.random.choice([None, f"{run['id']}.1"])},
            "cancel": {"undo": self.random.random() < 0.7},
        }
        kind = self.random.choice(["pause", "resume", "go_back", "go_back", "reschedule", "cancel"])
        send(self.world, kind, {"run": run["id"], **events[kind]})

    def _leap(self) -> None:
        """Clocks jump: to what is due next, far ahead, or back."""
        due = self.world.store.rows("select min(due) as due from run where status = 'open' and due > 0")[0][
            "due"
        ]
        ahead = max(0.0, due - self.world.now) if due else 0.0
        self.world.jumped += self.random.choice([ahead, ahead, ahead + 60, 90 * 86400.0, -3600.0])

    def _tie(self) -> None:
        """Somebody decides just as the time for it runs out."""
        parked = self.world.store.rows("select id, state from run where status = 'open' and owner is null")
        tokens = [token for run in parked for token in json.loads(run["state"])["open"].values()]
        asked = [token for token in tokens if "task" in token and "deadline" in token["timers"]]
        for token in asked[:1]:
            self.world.jumped += max(0.0, token["timers"]["deadline"] - self.world.now)
            [task] = self.world.store.rows("select * from task where id = :task", task=token["task"]["id"])
            self.world.loop.call_later(self.random.random() * 0.06, decide, self.world, task)

    def _help(self) -> None:
        """People do what they are asked, resume what they paused, and time passes."""
        for row in self.world.store.rows("select id, state from run where status = 'open'"):
            if "paused" in json.loads(row["state"]):
                send(self.world, "resume", {"run": row["id"]})
        for task in self.world.store.rows("select * from task where status = 'open' and kind <> 'side'"):
            decide(self.world, task)
        waiting = "select min(due) as due from run where status = 'open' and due > :now"
        busy = "select 1 from run where status = 'open' and (owner is not null or due <= :now)"
        due = self.world.store.rows(waiting, now=self.world.now)[0]["due"]
        if due and not self.world.store.rows(busy, now=self.world.now):
            self.world.jumped += due - self.world.now

    def _look(self) -> None:
        for row in self.world.store.rows(STRANDED):
            self.world.violations.append(
                f"{row['id']}: parked, and waits for nothing that anybody could name"
            )


def plans_of(seed: int) -> dict[str, Plan]:
    """A plan, one that it calls, and one that this calls, by their names."""
    pick = Random(seed).choice
    found = {}
    for name, callee, deep in (("planted", "child", 2), ("child", "leaf", 1), ("leaf", None, 0)):
        made = grown(pick, callee=callee, deep=deep)
        found[name] = made.model_copy(update={"name": name})
    return found


def played(seed: int) -> tuple[World, list[str]]:
    """One world from its beginning to its end, and what was broken in it."""
    indexes = {name: PlanIndex(plan, rule) for name, plan in plans_of(seed).items()}
    loop = VirtualLoop()
    world = World(seed, indexes, loop)

    async def play() -> None:
        await Fate(world).unfold()

    try:
        loop.run_until_complete(play())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    return world, list(findings(world))


def first_broken(seeds: Iterable[int]) -> tuple[int, list[str]] | None:
    """The first seed whose world breaks a promise, and which."""
    for seed in seeds:
        broken = played(seed)[1]
        if broken:
            return seed, broken
    return None


def _tell(seed: int) -> Iterator[str]:
    """What happened in the world of one seed, and what was broken."""
    world, broken = played(seed)
    for row in world.store.rows("select * from journal order by rowid"):
        where = f"{row['node'] or ''} {row['visit'] or ''}".strip()
        yield f"{row['at']:.3f}  {row['worker']:<3} {row['run']}#{row['rev']} {row['kind']} {where}"
    yield from (f"BROKEN  {problem}" for problem in broken)


def _search(seeds: range) -> Iterator[str]:
    """The first seed that breaks a promise, or how many were played."""
    begun = time.perf_counter()
    found = first_broken(seeds)
    if found is None:
        yield f"{len(seeds)} seeds, nothing broken, {time.perf_counter() - begun:.1f} s"
        return
    yield f"seed {found[0]} is BROKEN"
    yield from (f"  {problem}" for problem in found[1])
    yield f"play it again: python -m tests.chaos.schedules --seed {found[0]}"


def main(arguments: list[str]) -> int:
    """Play many seeds, or one again; 1 where something is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.schedules", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many to play, from --first on")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="play this one again and tell what happened")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    lines = list(_search(seeds) if options.seed is None else _tell(options.seed))
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any("BROKEN" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

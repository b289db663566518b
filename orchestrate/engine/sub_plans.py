"""Sub-plans where core and store meet: which version a step calls, and how that version's run begins.

The run is started in the transaction that journals the call, and posts its end to its caller in the
transaction that journals its own last event. So neither can be lost, nor come twice.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from home.errors import BatonError
from orchestrate.core.effects import Effect, StartRun, Tell
from orchestrate.core.events import Called, Failed
from orchestrate.core.machine import Attempt
from orchestrate.core.plan_index import PlanIndex, breach
from orchestrate.core.turn import State
from orchestrate.engine.letters import letters
from orchestrate.engine.start import start_with
from orchestrate.engine.statements import PRIORITIES, Execute, Write

if TYPE_CHECKING:
    from orchestrate.contracts import Priority

DEEPEST = 8
"""Calls below each other; more is a circle that no check has seen."""
Find = Callable[[str, int | None], tuple[PlanIndex, int]]
"""From a plan's name and a version (`None`: the newest) to that version, made ready."""


def call(attempt: Attempt, state: State, find: Find) -> Called | Failed:
    """What comes of an attempt to call another plan: the call, or why it cannot be made."""
    place = {"node": attempt.node, "visit": attempt.visit, "attempt": attempt.attempt}
    depth = state.get("caller", {"depth": 0})["depth"] + 1
    try:
        index, version = find(attempt.step.plan or "", attempt.step.version)
        problem = breach(index.plan.input, attempt.input)
    except BatonError as error:
        problem = error.message
    if depth > DEEPEST:
        problem = f"plans call each other more than {DEEPEST} deep"
    if problem:
        why = f"plan {attempt.step.plan!r} cannot be called: {problem.rstrip('.')}"
        return Failed(error=why, retryable=False, **place)
    return Called(plan=index.plan.name, version=version, **place)


def calls(
    effects: Iterable[Effect], run: Mapping[str, Any], at: float, find: Find, *, postgres: bool
) -> list[Write]:
    """The writes by which other runs begin and are told something; `run` is the row of this one."""

    def begin(effect: StartRun, execute: Execute, _: Mapping[str, Any]) -> None:
        index, version = find(effect.plan, effect.version)
        found = execute("select priority, started_by from run where id = :run", {"run": run["id"]})
        urgency, by = found.fetchone()
        start_with(
            execute,
            index,
            version,
            run=effect.run,
            data=effect.data,
            at=at,
            key=run["key"],
            by=by,  # or four eyes of a called approval would see nobody
            priority=cast("Priority", PRIORITIES[urgency]),  # its caller must not wait behind others
            simulated=bool(run["simulated"]),
            caller=effect.caller,
            postgres=postgres,
        )

    begun: list[Write] = [(partial(begin, effect), {}) for effect in effects if isinstance(effect, StartRun)]
    return begun + letters(effects, at, postgres=postgres)


def reached(effects: Iterable[Effect]) -> list[str]:
    """Runs that have news once these effects are written."""
    return [effect.run for effect in effects if isinstance(effect, StartRun | Tell)]

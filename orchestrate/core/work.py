"""What happens to one step: its visits, attempts and retries, and what comes of them."""

import json
import zlib
from typing import Any

from home.telemetry import source_of
from orchestrate.contracts import Retry, Step
from orchestrate.core.asking import (
    CANCEL,
    RETRY,
    ask_for_step,
    chosen,
    context_of,
    done_task,
    is_task,
    step_input,
    to_manual,
)
from orchestrate.core.effects import Completed, StartRun
from orchestrate.core.events import Asked, Called, Caller, Decided, Failed, Succeeded
from orchestrate.core.turn import UNDO, Misfit, Token, Turn, attempt_key, copied
from orchestrate.core.undo import cancel, drop, settle_ending, undone

ERRORS_KEPT = 5
GIVEN_BYTES = 1_000_000
"""What a step may be given, as JSON. A sub-plan in a loop that is given all and gives all back grows what it
is given by a factor each time."""
ENDS = "cancel"
"""Connector of a step at which the plan itself cancels the run."""


def begin_step(turn: Turn, step: Step) -> None:
    """A new visit of a step."""
    begin_visit(turn, step, step.id, {"visit": turn.visit(step.id)})


def begin_visit(turn: Turn, step: Step, key: str, token: Token) -> None:
    """Ask a person, or make the first attempt ready; `token` is kept under `key`."""
    turn.open[key] = token | {"enabled": turn.now, "timers": {}}
    if step.expected is not None:
        turn.open[key]["timers"]["late"] = turn.now + 2 * step.expected.total_seconds()
    _begin(turn, step, key, 1)


def _begin(turn: Turn, step: Step, key: str, attempt: int) -> None:
    token = turn.open[key]
    if step.binding is not None and step.binding.connector == ENDS and "item" not in token:
        told = step.binding.settings
        reason = str(told.get("reason") or f"the plan ends it at {step.name!r}")
        cancel(turn, undo=bool(told.get("undo", True)), reason=reason)
        return
    if step.deadline is not None:
        token["timers"]["deadline"] = turn.now + step.deadline.total_seconds()
    if is_task(step):
        ask_for_step(turn, step, key, token)
        return
    token.update(phase="ready", attempt=attempt, tries=1)
    given = step_input(turn, step, token)
    if (size := len(json.dumps(given))) > GIVEN_BYTES:
        much = f"it would be given {size / 1e6:,.1f} MB, more than {GIVEN_BYTES / 1e6:,.0f} MB"
        to_manual(turn, key, token, f"{much}: name what it needs in its input contract")
    elif problem := turn.index.breach(step.id, "input", given):
        to_manual(turn, key, token, f"its input breaks the contract: {problem}")


def succeeded(turn: Turn, event: Succeeded) -> None:
    """An attempt ended well; a breach of the output contract makes it a failure."""
    key, token = attempt_token(turn, event)
    if key == UNDO:
        undone(turn)
        return
    step = turn.index.step(event.node)
    token.pop("child", None)
    output = chosen(step.output, event.output) if step.calls else event.output
    problem = turn.index.breach(step.id, "output", output)
    if problem:
        turn.alert("contract", step.id, token["visit"], f"output breaks the contract: {problem}")
        # A sub-plan has done its work: another run of it would do it twice.
        fail(turn, key, token, f"output breaks the contract: {problem}", retryable=not step.calls)
    else:
        said = event.output.get("outcome")
        complete(turn, step, key, token, output, said if said in step.outcomes else None)


def failed(turn: Turn, event: Failed) -> None:
    """An attempt ended badly: again after a pause, or to the manual queue."""
    key, token = attempt_token(turn, event)
    token.pop("child", None)
    fail(turn, key, token, event.error, retryable=event.retryable)


def asked(turn: Turn, event: Asked) -> None:
    """An attempt found that a person has to do the step: ask, with what the attempt found out."""
    key, token = attempt_token(turn, event)
    if key == UNDO or turn.ending or "child" in token:
        fail(turn, key, token, event.reason, retryable=False)
        return
    step = turn.index.step(event.node)
    token["timers"].pop("timeout", None)
    context = context_of(turn, step, token) | event.context
    role = event.role or step.role
    turn.ask(key, token, "step", step.outcomes, role=role, sla=step.sla, reason=event.reason, context=context)


def attempt_token(turn: Turn, event: Any) -> tuple[str, Token]:
    """The token of the attempt an event is about, and its key; a late answer fits none."""
    key = attempt_key(turn.state, event.node, event.visit)
    token = turn.open.get(key)
    if token is None or token.get("phase") not in ("ready", "accepted"):
        raise Misfit(f"no attempt of {event.node!r} is under way")
    if (token["visit"], token["attempt"]) != (event.visit, event.attempt):
        raise Misfit(
            f"{event.node!r} is at visit {token['visit']}, attempt {token['attempt']};"
            f" this is about visit {event.visit}, attempt {event.attempt}"
        )
    return key, token


def called(turn: Turn, event: Called) -> None:
    """An attempt calls another plan: its run is started, and answers when it has ended."""
    _, token = attempt_token(turn, event)
    step = turn.index.nodes.get(event.node)
    if not isinstance(step, Step) or not step.calls:
        raise Misfit(f"{event.node!r} calls no plan")
    if "paused" in turn.state or token["phase"] != "ready":
        raise Misfit("the run is paused" if "paused" in turn.state else f"{event.node!r} has called already")
    number = turn.state["children"] = turn.state.get("children", 0) + 1
    child, run = f"{turn.state['run']}-{number}", turn.state["run"]
    token.update(phase="accepted", child=child)
    if step.timeout is not None:
        token["timers"]["timeout"] = turn.now + step.timeout.total_seconds()
    depth = turn.state.get("caller", {"depth": 0})["depth"] + 1
    place = {"node": step.id, "visit": event.visit, "attempt": event.attempt}
    caller = Caller(run=run, depth=depth, trace=source_of(turn.state), **place)
    given = copied(step_input(turn, step, token))
    turn.effects.append(StartRun(child, event.plan, event.version, given, caller))


def complete(
    turn: Turn, step: Step, key: str, token: Token, output: dict[str, Any], outcome: str | None = None
) -> None:
    """A visit of a step is over: keep what it wrote, remember how to undo it, go on."""
    if step.compensation is not None:
        turn.state["undo"].append({"node": step.id, "visit": token["visit"], "output": output})
    turn.effects.append(Completed(step.id, token["visit"], token["enabled"], outcome))
    if turn.ending:
        del turn.open[key]
        settle_ending(turn)
        return
    if "item" in token:
        token["result"] = output | ({} if outcome is None else {"outcome": outcome})
    else:
        keep(turn, step, token["visit"], output, outcome)
    turn.leave(key)


def keep(turn: Turn, step: Step, times: int, output: dict[str, Any], outcome: str | None = None) -> None:
    """Write what a step said to where it writes: its output, how many times it was done, its outcome."""
    scope = turn.scope(step.id)
    scope["data"].update(output)
    scope["done"][step.id], scope["last"] = times, step.id
    if outcome is not None:
        scope["outcome"].pop(step.id, None)  # the one said last is last
        scope["outcome"][step.id] = outcome


def fail(turn: Turn, key: str, token: Token, error: str, *, retryable: bool) -> None:
    """An attempt is over without a result: again after a pause, or to the manual queue."""
    if retryable:
        token["unheard"] = True
    if turn.ending and key != UNDO:
        token.pop("phase")
        drop(turn, key)
        settle_ending(turn)
        return
    step = turn.index.step(token.get("node", key))
    token["errors"] = [*token.get("errors", []), error][-ERRORS_KEPT:]
    token["timers"].pop("timeout", None)
    if retryable and token["tries"] < step.retry.attempts:
        token["phase"] = "retry"
        seed = f"{turn.state['run']}:{step.id if key != UNDO else key}:{token['visit']}:{token['attempt']}"
        token["timers"]["retry"] = turn.now + backoff(step.retry, token["tries"], seed)
    else:
        times = f" after {token['tries']} attempts" if token["tries"] > 1 else ""
        to_manual(turn, key, token, f"failed{times}: {error}")


def lapsed(turn: Turn, key: str, token: Token, lapse: dict[str, Any]) -> None:
    """Nothing came in the time a system was given: the outcome that stands for it, or a person is asked."""
    step, said = turn.index.step(token.get("node", key)), lapse.get("otherwise")
    if key != UNDO and said in step.outcomes and turn.index.breach(step.id, "output", {}) is None:
        complete(turn, step, key, token, {}, said)
    else:
        token["unheard"] = True
        to_manual(turn, key, token, lapse["reason"], lapse["role"])


def backoff(retry: Retry, tries: int, seed: str) -> float:
    """Seconds before the next attempt: doubling up to `wait_max`, plus a jitter drawn from `seed`.

    The jitter is a hash, not a random number, so that a replay waits as long.
    """
    wait = retry.wait_initial.total_seconds() * 2.0 ** min(tries - 1, 60)
    jitter = retry.wait_jitter.total_seconds() * zlib.crc32(seed.encode()) / 2**32
    return min(wait, retry.wait_max.total_seconds()) + jitter


def decided_step(turn: Turn, key: str, token: Token, event: Decided) -> None:
    """A person did a step, or said how a stuck one goes on."""
    step, task = turn.index.step(token.get("node", key)), token["task"]
    turn.settle(token, done_task(step.id, token, event))
    if task["kind"] == "manual" and event.outcome not in step.outcomes:
        if event.outcome == RETRY:
            _try_again(turn, step, key, token, event.output)
            return
        if event.outcome == CANCEL:
            cancel(turn, undo=True, by=event.by, reason=event.note or "")
            return
    if key == UNDO:
        undone(turn)
        return
    problem = turn.index.breach(step.id, "output", event.output)
    if problem:
        turn.alert("contract", step.id, token["visit"], f"what was filled in breaks the contract: {problem}")
        to_manual(turn, key, token, f"what was filled in breaks the contract: {problem}")
        return
    complete(turn, step, key, token, event.output, event.outcome)


def _try_again(turn: Turn, step: Step, key: str, token: Token, corrected: dict[str, Any]) -> None:
    """Once more, with the data that the person corrected."""
    token.pop("stuck", None)
    if key == UNDO:
        token.update(phase="ready", attempt=token["attempt"] + 1, tries=1)
        return
    if step.each is not None and "item" in token:
        token["item"] = corrected.get(step.each.item, token["item"])
        corrected = {name: value for name, value in corrected.items() if name != step.each.item}
    turn.scope(step.id)["data"].update(corrected)
    if step.each is None or "item" in token:
        _begin(turn, step, key, token.get("attempt", 0) + 1)
    if step.each is not None:
        turn.more(step.id)

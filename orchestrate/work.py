"""What happens to one step: attempts, retries, its task, its entry in the manual queue."""

import zlib
from typing import Any

from orchestrate.contracts import Retry, Step
from orchestrate.effects import Completed, DoneTask, EscalateTask, RemindTask
from orchestrate.events import Decided, Failed, Succeeded
from orchestrate.turn import RUN, UNDO, Misfit, Token, Turn, person_or_role
from orchestrate.undo import cancel, next_undo, settle_ending

TASKS = frozenset({"human", "manual"})
"""Connectors that are people: a step bound to one, or to none, is a task."""
RETRY, DONE, CANCEL = "retry", "done", "cancel"
ERRORS_KEPT = 5


def is_task(step: Step) -> bool:
    """Whether a person does this step."""
    return step.binding is None or step.binding.connector in TASKS


def begin_step(turn: Turn, step: Step) -> None:
    """A new visit of a step: ask a person, or make its first attempt ready."""
    token: Token = {"visit": turn.visit(step.id), "enabled": turn.now, "timers": {}}
    turn.open[step.id] = token
    if step.expected is not None:
        token["timers"]["late"] = turn.now + 2 * step.expected.total_seconds()
    if is_task(step):
        _ask_for_step(turn, step, token)
        return
    _make_ready(turn, step, token, 1)


def _make_ready(turn: Turn, step: Step, token: Token, attempt: int) -> None:
    token.update(phase="ready", attempt=attempt, tries=1)
    problem = turn.index.breach(step.id, "input", step_input(step, turn.view(step.id)["data"]))
    if problem:
        to_manual(turn, step.id, token, f"its input breaks the contract: {problem}")


def step_input(step: Step, data: dict[str, Any]) -> dict[str, Any]:
    """What a step is given: the fields its input contract names, or everything where it names none."""
    named = step.input.get("properties")
    return {k: data[k] for k in named if k in data} if named else dict(data)


def _ask_for_step(turn: Turn, step: Step, token: Token) -> None:
    if step.timeout is not None and step.does in TASKS:
        # The limit of a system's attempt says nothing of the person who stands in until it is bound.
        token["timers"]["timeout"] = turn.now + step.timeout.total_seconds()
    manual = step.does == "manual" or (step.binding is not None and step.binding.connector == "manual")
    turn.ask(
        step.id,
        token,
        "manual" if manual else "step",
        step.outcomes,
        role=step.role,
        sla=step.sla,
        reason="the plan sends these cases to a person" if manual else "",
        context=_context(turn, step),
    )


def _context(turn: Turn, step: Step) -> dict[str, Any]:
    view = turn.view(step.id)
    found = {
        "purpose": step.purpose,
        "instructions": step.instructions,
        "system": step.system,
        "data": view["data"],
        "outcomes": view["outcome"],
        "form": step.output,
        "shares": _shares(step),
    }
    return {name: value for name, value in found.items() if value}


def _shares(step: Step) -> dict[str, float]:
    """How often each outcome came in the log."""
    seen = step.observed.outputs.get("outcome", {}) if step.observed else {}
    return {name: seen[name] for name in step.outcomes if name in seen}


def open_side_task(turn: Turn, step: Step) -> None:
    """Offer a floating activity; it may be done as often as it is needed, and nobody waits for it."""
    token = turn.open[step.id] = {"visit": turn.visit(step.id), "enabled": turn.now, "timers": {}}
    context = _context(turn, step)
    turn.ask(step.id, token, "side", step.outcomes, role=step.role, context=context)


def succeeded(turn: Turn, event: Succeeded) -> None:
    """An attempt ended well; a breach of the output contract makes it a failure."""
    token = attempt_token(turn, event)
    if event.node == UNDO:
        del turn.open[UNDO]
        next_undo(turn)
        return
    step = turn.index.step(event.node)
    problem = turn.index.breach(step.id, "output", event.output)
    if problem:
        turn.alert("contract", step.id, token["visit"], f"output breaks the contract: {problem}")
        _fail(turn, event.node, token, f"output breaks the contract: {problem}", retryable=True)
    else:
        said = event.output.get("outcome")
        complete(turn, step, token, event.output, said if said in step.outcomes else None)


def failed(turn: Turn, event: Failed) -> None:
    """An attempt ended badly: again after a pause, or to the manual queue."""
    _fail(turn, event.node, attempt_token(turn, event), event.error, retryable=event.retryable)


def attempt_token(turn: Turn, event: Any) -> Token:
    """The token of the attempt an event is about; a late answer fits none."""
    token = turn.open.get(event.node)
    if token is None or token.get("phase") not in ("ready", "accepted"):
        raise Misfit(f"no attempt of {event.node!r} is under way")
    if (token["visit"], token["attempt"]) != (event.visit, event.attempt):
        raise Misfit(
            f"{event.node!r} is at visit {token['visit']}, attempt {token['attempt']};"
            f" this is about visit {event.visit}, attempt {event.attempt}"
        )
    return token


def complete(
    turn: Turn, step: Step, token: Token, output: dict[str, Any], outcome: str | None = None
) -> None:
    """A visit of a step is over: keep what it wrote, remember how to undo it, go on."""
    if step.compensation is not None:
        turn.state["undo"].append({"node": step.id, "visit": token["visit"], "output": output})
    turn.effects.append(Completed(step.id, token["visit"], token["enabled"], outcome))
    if turn.ending:
        del turn.open[step.id]
        settle_ending(turn)
        return
    scope = turn.scope(step.id)
    scope["data"].update(output)
    scope["done"][step.id], scope["last"] = token["visit"], step.id
    if outcome is not None:
        scope["outcome"][step.id] = outcome
    turn.leave(step.id)


def _fail(turn: Turn, key: str, token: Token, error: str, *, retryable: bool) -> None:
    if turn.ending and key != UNDO:
        del turn.open[key]
        settle_ending(turn)
        return
    step = turn.index.step(token.get("node", key))
    token["errors"] = [*token.get("errors", []), error][-ERRORS_KEPT:]
    token["timers"].pop("timeout", None)
    if retryable and token["tries"] < step.retry.attempts:
        token["phase"] = "retry"
        seed = f"{turn.state['run']}:{key}:{token['visit']}:{token['attempt']}"
        token["timers"]["retry"] = turn.now + backoff(step.retry, token["tries"], seed)
    else:
        times = f" after {token['tries']} attempts" if token["tries"] > 1 else ""
        to_manual(turn, key, token, f"failed{times}: {error}")


def backoff(retry: Retry, tries: int, seed: str) -> float:
    """Seconds before the next attempt: doubling up to `wait_max`, plus a jitter drawn from `seed`.

    The jitter is a hash, not a random number, so that a replay waits as long.
    """
    wait = retry.wait_initial.total_seconds() * 2.0 ** min(tries - 1, 60)
    jitter = retry.wait_jitter.total_seconds() * zlib.crc32(seed.encode()) / 2**32
    return min(wait, retry.wait_max.total_seconds()) + jitter


def to_manual(turn: Turn, key: str, token: Token, reason: str) -> None:
    """Put a step that cannot go on by itself into the manual queue, with everything known about it."""
    step = turn.index.step(token.get("node", key))
    if key == UNDO:
        outcomes, context = [DONE, RETRY], {"undo": step.name, "output": token["output"]}
        reason = f"undoing {step.name!r} {reason}"
    else:
        outcomes, context = [*(step.outcomes or (DONE,)), RETRY, CANCEL], _context(turn, step)
    turn.alert("manual", step.id, token["visit"], reason)
    context["errors"] = token.get("errors", [])
    turn.ask(key, token, "manual", dict.fromkeys(outcomes), reason=reason, context=context)


def done_task(node: str, token: Token, event: Decided) -> DoneTask:
    """A token's task, settled by what was decided."""
    task = token["task"]["id"]
    return DoneTask(task, node, token["visit"], event.outcome, event.by, event.note, event.output)


def decided_step(turn: Turn, key: str, token: Token, event: Decided) -> None:
    """A person did a step, or said how a stuck one goes on."""
    step, task = turn.index.step(token.get("node", key)), token["task"]
    turn.settle(token, done_task(step.id, token, event))
    if task["kind"] == "manual" and event.outcome not in step.outcomes:
        if event.outcome == RETRY:
            _try_again(turn, step, token, event.output)
            return
        if event.outcome == CANCEL:
            cancel(turn, undo=True)
            return
    if key == UNDO:
        del turn.open[UNDO]
        next_undo(turn)
        return
    problem = turn.index.breach(step.id, "output", event.output)
    if problem:
        turn.alert("contract", step.id, token["visit"], f"what was filled in breaks the contract: {problem}")
        to_manual(turn, key, token, f"what was filled in breaks the contract: {problem}")
        return
    complete(turn, step, token, event.output, event.outcome)


def _try_again(turn: Turn, step: Step, token: Token, corrected: dict[str, Any]) -> None:
    """Once more, with the data that the person corrected."""
    if "node" in token:
        token.update(phase="ready", attempt=token["attempt"] + 1, tries=1)
        return
    turn.scope(step.id)["data"].update(corrected)
    if is_task(step):
        _ask_for_step(turn, step, token)
    else:
        _make_ready(turn, step, token, token["attempt"] + 1)


def fire(turn: Turn, key: str, what: str) -> None:
    """A timer ran out."""
    if key == RUN:
        del turn.state["timers"][what]
        turn.alert("late", RUN, 0, "the run takes more than twice as long as expected")
        return
    token = turn.open[key]
    del token["timers"][what]
    match what:
        case "retry":
            token.update(phase="ready", attempt=token["attempt"] + 1, tries=token["tries"] + 1)
        case "late":
            turn.alert("late", key, token["visit"], "the step takes more than twice as long as expected")
        case "remind":
            turn.effects.append(RemindTask(token["task"]["id"]))
        case "due":
            _escalate(turn, key, token)
        case _:
            _time_out(turn, key, token)


def _escalate(turn: Turn, key: str, token: Token) -> None:
    step, task = turn.index.step(key), token["task"]
    chain = step.sla.escalate if step.sla else ()
    if task["level"] >= len(chain):
        turn.alert("late", key, token["visit"], "a task is past its due time and there is nobody above")
        return
    role, assignee = person_or_role(chain[task["level"]])
    task["level"] += 1
    due = None
    if step.sla and task["level"] < len(chain):
        due = token["timers"]["due"] = turn.now + step.sla.due.total_seconds()
    turn.effects.append(EscalateTask(task["id"], task["level"], role, assignee, due))


def _time_out(turn: Turn, key: str, token: Token) -> None:
    if "task" in token:
        turn.settle(token)
        to_manual(turn, key, token, "nobody did it in time")
    else:
        _fail(turn, key, token, "no answer in time", retryable=True)

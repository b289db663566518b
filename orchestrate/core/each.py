"""A step that is done once for each item of a list: several at once, results in the order of the list.

The step's own token holds the items that are not begun and the results so far; each item under way has
a token of its own, with a visit and so an idempotency key of its own.
"""

from typing import Any

from orchestrate.contracts import Each, Step
from orchestrate.core.asking import CANCEL, RETRY
from orchestrate.core.turn import Token, Turn, copied, item_key
from orchestrate.core.work import begin_visit, keep

NO_LIST = (RETRY, CANCEL)
"""What may be said where there is no list to work through."""


def begin_each(turn: Turn, step: Step) -> None:
    """A new visit of a step with a list."""
    turn.open[step.id] = {"visit": turn.visit(step.id), "enabled": turn.now, "timers": {}}
    go_on(turn, step)


def go_on(turn: Turn, step: Step) -> None:
    """Begin as many items as may be under way; with all of them done, leave."""
    each, token = step.each, turn.open[step.id]
    assert each is not None  # noqa: S101 - the callers know
    if "results" not in token and not _take_list(turn, step, each, token):
        return
    while token["items"] and _room(turn, step, each):
        at = len(token["results"]) - len(token["items"])
        item, visit = token["items"].pop(0), token["first"] + at
        own = {"node": step.id, "visit": visit, "at": at, "of": len(token["results"]), "item": item}
        begin_visit(turn, step, item_key(step.id, visit), own)
    if not token["items"] and not _under_way(turn, step):
        times = turn.view(step.id)["done"].get(step.id, 0) + 1
        keep(turn, step, times, {each.into or step.id: token["results"]})
        turn.leave(step.id)


def done_item(turn: Turn, step: Step, token: Token) -> None:
    """An item is done: keep its result, begin the next."""
    turn.open[step.id]["results"][token["at"]] = token["result"]
    go_on(turn, step)


def _take_list(turn: Turn, step: Step, each: Each, token: Token) -> bool:
    items: Any = turn.view(step.id)["data"].get(each.of)
    problem = _problem(each, items)
    if problem:
        turn.alert("manual", step.id, token["visit"], problem)
        context = {"instructions": step.instructions, "data": turn.view(step.id)["data"]}
        turn.ask(step.id, token, "manual", NO_LIST, reason=problem, context=context)
        return False
    token.pop("phase", None)
    visits = turn.state["visits"]
    token.update(items=copied(items), results=[None] * len(items), first=visits[step.id] + 1)
    visits[step.id] += len(items)
    return True


def _problem(each: Each, items: Any) -> str:
    """Why this is no list to work through."""
    if not isinstance(items, list):
        found = "is not there" if items is None else f"is {type(items).__name__}, not a list"
        return f"{each.of!r} {found}"
    if len(items) > each.most:
        return f"{each.of!r} has {len(items):,} items; at most {each.most:,} may be worked through"
    return ""


def _under_way(turn: Turn, step: Step) -> list[Token]:
    return [token for token in turn.open.values() if token.get("node") == step.id and "item" in token]


def _room(turn: Turn, step: Step, each: Each) -> bool:
    busy = _under_way(turn, step)
    held = each.stop and any("stuck" in token for token in busy)
    return len(busy) < each.at_once and not held

"""How what a run did is undone: when it is cancelled, and when it goes back; last first."""

from orchestrate.contracts import Step
from orchestrate.core.effects import CloseTask
from orchestrate.core.turn import UNDO, Token, Turn


def cancel(turn: Turn, *, undo: bool, by: str = "", reason: str = "") -> None:
    """Stop: close what waits, let attempts under way settle, then compensate last first.

    A sub-plan under way is cancelled, too, and waited for where things are undone.
    """
    turn.agenda.clear()
    turn.state.pop("paused", None)
    turn.state["timers"] = {}
    turn.state["ending"] = {"undo": undo, "by": by, "reason": reason}
    turn.state["undo"] += turn.state.pop("back", {"undo": []})["undo"]
    for key, token in list(turn.open.items()):
        turn.tell(token, "cancel", undo=undo, by=by, reason=reason)
        if undo and _must_settle(turn, key, token):
            token["timers"] = {}
            continue
        drop(turn, key)
    settle_ending(turn)


def _must_settle(turn: Turn, key: str, token: Token) -> bool:
    """Whether something is under way that has to end before others are undone."""
    if "lanes" in token:  # an attempt under way reads its input from them
        return True
    if token.get("phase") != "ready":
        return "child" in token
    return key == UNDO or not turn.index.step(token.get("node", key)).calls


def drop(turn: Turn, key: str) -> None:
    """Forget a token; what it may have done is due to be undone."""
    token = turn.open.pop(key)
    if "task" in token:
        turn.effects.append(CloseTask(token["task"]["id"]))
    if key == UNDO:
        turn.state["undo"].append({"node": token["node"], "visit": token["of"], "output": token["output"]})
        return
    step = turn.index.nodes.get(token.get("node", key))
    if isinstance(step, Step) and step.compensation is not None and _begun(step, token):
        turn.state["undo"].append({"node": step.id, "visit": token["visit"], "output": {}})


def _begun(step: Step, token: Token) -> bool:
    """Whether it may be done: somebody has it, or had it and was not heard. A sub-plan undoes its own."""
    return not step.calls and (token.get("phase") in ("ready", "accepted") or "unheard" in token)


def settle_ending(turn: Turn) -> None:
    """Once nothing is under way any more, undo or end."""
    if not any("phase" in token for token in turn.open.values()):
        turn.open.clear()
        if not turn.state["ending"]["undo"]:
            turn.state["undo"] = []
        next_undo(turn)


def undone(turn: Turn) -> None:
    """A compensation is over: go on with the next."""
    del turn.open[UNDO]
    if turn.ending:
        settle_ending(turn)
    else:
        next_undo(turn)


def next_undo(turn: Turn) -> None:
    """Begin the compensation of the last step that is not undone yet; with none left end, or go back."""
    back = turn.state.get("back")
    left = back["undo"] if back else turn.state["undo"]
    if not left:
        if back:
            turn.enter(turn.state.pop("back")["node"])
        else:
            turn.state["status"] = "ending"
        return
    last = left.pop()
    turn.state["undone"] = turn.state.get("undone", 0) + 1
    turn.open[UNDO] = {
        "node": last["node"],
        "of": last["visit"],
        "output": last["output"],
        "visit": turn.state["undone"],
        "enabled": turn.now,
        "phase": "ready",
        "attempt": 1,
        "tries": 1,
        "timers": {},
    }

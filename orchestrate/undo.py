"""How a run is cancelled: what is under way settles, then what was done is undone, last first."""

from orchestrate.effects import CloseTask
from orchestrate.turn import UNDO, Turn


def cancel(turn: Turn, *, undo: bool) -> None:
    """Stop: close what waits, let attempts under way settle, then compensate last first."""
    turn.agenda.clear()
    turn.state["ending"] = {"undo": undo}
    for key, token in list(turn.open.items()):
        if "task" in token:
            turn.effects.append(CloseTask(token["task"]["id"]))
        elif undo and (token.get("phase") == "ready" or "lanes" in token):
            continue  # an attempt under way, or the lanes it reads its input from
        elif token.get("phase") == "accepted" and turn.index.step(key).compensation is not None:
            # Somebody else has the work and may have done it, so its undoing is due too.
            turn.state["undo"].append({"node": key, "visit": token["visit"], "output": {}})
        del turn.open[key]
    settle_ending(turn)


def settle_ending(turn: Turn) -> None:
    """Once nothing is under way any more, undo or end."""
    if not any("phase" in token for token in turn.open.values()):
        turn.open.clear()
        if not turn.state["ending"]["undo"]:
            turn.state["undo"] = []
        next_undo(turn)


def next_undo(turn: Turn) -> None:
    """Begin the compensation of the last step that is not undone yet, or end the run."""
    if not turn.state["undo"]:
        turn.state["status"] = "ending"
        return
    last = turn.state["undo"].pop()
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

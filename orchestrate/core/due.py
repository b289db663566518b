"""What happens when a timer of a run runs out: retries, reminders, escalation, limits and deadlines."""

from orchestrate.core.asking import CANCEL, done_task, to_manual
from orchestrate.core.effects import EscalateTask, MoveTask, RemindTask
from orchestrate.core.events import Decided, Reschedule
from orchestrate.core.turn import DEADLINE, RUN, UNDO, Misfit, Token, Turn, name_of, person_or_role, utc
from orchestrate.core.undo import cancel
from orchestrate.core.work import fail, lapsed

ON = "on"


def fire(turn: Turn, key: str, what: str) -> None:
    """A timer of the run or of a token ran out."""
    if key == RUN:
        del turn.state["timers"][what]
        (_late if what == "late" else _past_deadline)(turn)
        return
    token = turn.open[key]
    del token["timers"][what]
    node = token.get("node", key)
    match what:
        case "retry":
            token.update(phase="ready", attempt=token["attempt"] + 1, tries=token["tries"] + 1)
        case "late":
            since = f"since {utc(token['enabled'])}"
            turn.alert(
                "late", node, token["visit"], f"the step takes more than twice as long as expected: {since}"
            )
        case "remind":
            turn.effects.append(RemindTask(token["task"]["id"]))
        case "due":
            _escalate(turn, node, token)
        case "deadline":
            _expire(turn, key, token)
        case _:
            _time_out(turn, key, token)


def _escalate(turn: Turn, node: str, token: Token) -> None:
    sla, task = getattr(turn.index.nodes.get(node), "sla", None), token["task"]
    chain = sla.escalate if sla else ()
    if task["level"] >= len(chain):
        turn.alert("late", node, token["visit"], "a task is past its due time and there is nobody above")
        return
    role, assignee = person_or_role(chain[task["level"]])
    task["level"] += 1
    due = None
    if sla and task["level"] < len(chain):
        due = token["timers"]["due"] = turn.now + sla.due.total_seconds()
    turn.effects.append(EscalateTask(task["id"], task["level"], role, assignee, due))


def _expire(turn: Turn, key: str, token: Token) -> None:
    """The deadline of a visit: what is under way is given up, and a person gets it."""
    turn.tell(token, "cancel", undo=True, reason="the step that called it is past its deadline")
    token.pop("child", None)
    if token["phase"] in ("ready", "accepted"):
        token["unheard"] = True
    if "task" in token:
        turn.settle(token)
    to_manual(turn, key, token, f"not done before its deadline, begun {utc(token['enabled'])}")


def _time_out(turn: Turn, key: str, token: Token) -> None:
    turn.tell(token, "cancel", undo=True, reason="the step that called it waited no longer")
    token.pop("child", None)
    if "task" in token:
        turn.settle(token)
        to_manual(turn, key, token, "nobody did it in time")
    elif lapse := token.pop("lapse", None):
        lapsed(turn, key, token, lapse)
    else:
        fail(turn, key, token, "no answer in time", retryable=True)


def _late(turn: Turn) -> None:
    turn.alert(
        "late", RUN, 0, f"the run takes more than twice as long as expected; it is at {whereabouts(turn)}"
    )


def _past_deadline(turn: Turn) -> None:
    """The deadline of the run: it is cancelled, or somebody is asked and it goes on meanwhile."""
    reason = f"the run is past its deadline; it is at {whereabouts(turn)}"
    turn.alert("deadline", RUN, 0, reason)
    if turn.index.plan.at_deadline == "cancel":
        cancel(turn, undo=True, reason="it was past its deadline")
        return
    number = turn.state["deadlines"] = turn.state.get("deadlines", 0) + 1
    token = turn.open[DEADLINE] = {"visit": number}
    turn.ask(DEADLINE, token, "manual", (ON, CANCEL), reason=reason, context={"data": turn.state["data"]})


def decided_deadline(turn: Turn, token: Token, event: Decided) -> None:
    """Somebody said whether a run past its deadline goes on."""
    turn.settle(token, done_task(RUN, token, event))
    del turn.open[DEADLINE]
    if event.outcome == CANCEL:
        cancel(turn, undo=True, by=event.by, reason=event.note or "")


def whereabouts(turn: Turn) -> str:
    """Where a run is and since when, one after the other."""
    waits = {"ready": "being done", "retry": "waiting for the next attempt", "accepted": "being answered"}
    found = []
    for key, token in turn.open.items():
        if "phase" in token and key != DEADLINE and key not in turn.index.side:
            node = turn.index.nodes.get(token.get("node", key))
            what = "undoing " * (key == UNDO) + repr(name_of(node, token))
            how = f"run {token['child']}" if "child" in token else waits.get(token["phase"], "with a person")
            found.append(f"{what} since {utc(token['enabled'])} ({how})")
    return ", ".join(found) or "nothing"


def reschedule(turn: Turn, event: Reschedule) -> None:
    """A task, or the run as a whole, is due at another time."""
    if "paused" in turn.state:
        raise Misfit("the run is paused, and no time passes in it")
    if event.due is not None and event.due <= turn.now:
        raise Misfit(f"the new due time, {utc(event.due)}, has passed already")
    if event.task is not None:
        _, token = open_task(turn, event.task)
        _set(token["timers"], "due", event.due)
        if event.due is not None and token["timers"].get("remind", 0.0) >= event.due:
            del token["timers"]["remind"]
        turn.effects.append(MoveTask(event.task, event.due))
        return
    if turn.ending:
        raise Misfit("the run is being cancelled")
    _set(turn.state["timers"], "deadline", event.due)
    if DEADLINE in turn.open:
        turn.settle(turn.open.pop(DEADLINE))


def _set(timers: dict[str, float], what: str, at: float | None) -> None:
    timers.pop(what, None)
    if at is not None:
        timers[what] = at


def open_task(turn: Turn, task: str | None, node: str | None = None) -> tuple[str, Token]:
    """The token that has an open task, and its key; raises `Misfit`."""
    for key, token in turn.open.items():
        found = token.get("task")
        if found is not None and (found["id"] == task or (task is None and key == node)):
            return key, token
    raise Misfit(f"no task {task or node!r} is open")

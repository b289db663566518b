"""How a run walks through the tree of its plan: into nodes, out of them, and which way at a choice."""

from typing import Any

from home.errors import BatonError
from orchestrate.contracts import Branch, Choice, Loop, Parallel, Sequence, Step, deciders
from orchestrate.core.asking import CANCEL, open_side_task
from orchestrate.core.each import begin_each, done_item, go_on
from orchestrate.core.effects import CloseTask, Tell
from orchestrate.core.turn import PARTS, Token, Turn, copied, new_scope
from orchestrate.core.work import begin_step

AGAIN, ON = "again", "on"


def walk(turn: Turn) -> None:
    """Follow the agenda until the run waits or has ended."""
    while turn.agenda:
        what, node = turn.agenda.pop()
        STEPS[what](turn, node)


def _enter(turn: Turn, node_id: str) -> None:
    node = turn.index.nodes[node_id]
    if turn.index.compensates:
        turn.state.setdefault("marks", {})[node_id] = len(turn.state["undo"])
    match node:
        case Step() if node.each is not None:
            begin_each(turn, node)
        case Step():
            begin_step(turn, node)
        case Sequence():
            turn.open[node_id] = {"at": 0}
            _next_in_sequence(turn, node)
        case Parallel():
            lanes = {child.id: new_scope() for child in node.children}
            turn.open[node_id] = {"left": list(lanes), "lanes": lanes}
            for child in reversed(node.children):
                turn.enter(child.id)
            if not node.children:
                turn.leave(node_id)
        case Choice():
            turn.open[node_id] = {"visit": turn.visit(node_id)}
            _choose(turn, node)
        case Loop():
            turn.open[node_id] = {"visit": turn.visit(node_id), "passes": 1, "in": "body"}
            turn.enter(node.body.id)
        case _:
            turn.leave(node_id)


def _next_in_sequence(turn: Turn, node: Sequence) -> None:
    at = turn.open[node.id]["at"]
    if at < len(node.children):
        turn.enter(node.children[at].id)
    else:
        turn.leave(node.id)


def _more(turn: Turn, node_id: str) -> None:
    go_on(turn, turn.index.step(node_id))


def _leave(turn: Turn, node_id: str) -> None:
    token = turn.open.pop(node_id, {})
    if "item" in token:
        done_item(turn, turn.index.step(token["node"]), token)
        return
    if node_id in turn.index.side:
        open_side_task(turn, turn.index.side[node_id])
        return
    parent_id = turn.index.parent[node_id]
    if parent_id is None:
        finish(turn, "done")
        return
    parent, token = turn.index.nodes[parent_id], turn.open[parent_id]
    match parent:
        case Sequence():
            token["at"] += 1
            _next_in_sequence(turn, parent)
        case Parallel():
            token["left"].remove(node_id)
            if not token["left"]:
                _join(turn, parent, token)
        case Loop() if token["in"] == "redo":
            token.update(passes=token["passes"] + 1)
            token["in"] = "body"
            turn.enter(parent.body.id)
        case Loop():
            _again_or_on(turn, parent, token)
        case _:
            turn.leave(parent_id)


def _join(turn: Turn, node: Parallel, token: Token) -> None:
    into = turn.scope(node.id)
    for lane in token["lanes"].values():
        for part in PARTS:
            into[part].update(lane[part])
    turn.leave(node.id)


def _choose(turn: Turn, node: Choice) -> None:
    token = turn.open[node.id]
    taken, reason = None, ""
    if node.by == "default":
        taken = max(node.branches, key=lambda b: b.share).name
    elif node.by == "outcome":
        said = _said(turn, node)
        taken = next((branch.name for branch in node.branches if said in branch.words), None)
        reason = f"no branch is called {said!r}, the outcome of {' or '.join(map(repr, deciders(node)))}"
    elif node.by in ("rule", "history"):
        taken, reason = _first_true(turn, node)
    if any(branch.name == taken for branch in node.branches):
        take_branch(turn, node, str(taken))
    elif node.otherwise is not None:
        take_branch(turn, node, node.otherwise)
    elif node.by in ("person", "event"):
        _ask_which(turn, node, token)
    else:
        _ask_which(turn, node, token, reason)


def _said(turn: Turn, node: Choice | Loop) -> str | None:
    """The outcome a choice or loop goes by; of several steps, that of the one done last before it."""
    found = deciders(node)
    of = found[0] if len(found) == 1 else turn.scope(node.id).get("last")
    said: str | None = turn.view(node.id)["outcome"].get(of) if of in found else None
    return said


def _first_true(turn: Turn, node: Choice) -> tuple[str | None, str]:
    environment = _environment(turn, node)
    for branch in node.branches:
        if branch.when:
            found, problem = _holds(turn, branch.when, environment)
            if problem:
                return None, problem
            if found:
                return branch.name, ""
    return None, "no rule holds"


def _holds(turn: Turn, rule: str, environment: dict[str, Any]) -> tuple[bool, str]:
    """Whether a rule holds, or why that cannot be told."""
    try:
        return turn.index.rules[rule](environment), ""
    except BatonError as error:
        return False, f"the rule {rule!r} cannot be evaluated: {error.message}"


def _environment(turn: Turn, node: Choice | Loop) -> dict[str, Any]:
    """What a rule may speak of; steps not done yet count 0 and have the outcome ''."""
    view = turn.view(node.id)
    steps = [step.id for step in turn.index.steps()]
    return {
        "data": view["data"],
        "done": dict.fromkeys(steps, 0) | view["done"],
        "outcome": dict.fromkeys(steps, "") | view["outcome"],
        "visit": turn.open[node.id]["visit"],
        "elapsed_s": turn.now - turn.state["started"],
    }


def _ask_which(turn: Turn, node: Choice, token: Token, reason: str = "") -> None:
    names = [branch.name for branch in node.branches]
    context = {"question": node.question, "shares": {b.name: b.share for b in node.branches}}
    _ask(turn, node, token, names, reason, context)


def _ask(
    turn: Turn, node: Choice | Loop, token: Token, names: list[str], reason: str, context: dict[str, Any]
) -> None:
    """Ask a person which way; with a reason it is the manual queue's, and cancelling is one way."""
    if reason:
        turn.alert("manual", node.id, token["visit"], reason)
    turn.ask(
        node.id,
        token,
        "manual" if reason else node.kind,
        dict.fromkeys([*names, CANCEL] if reason else names),
        role=None if reason else node.role,
        reason=reason,
        context=context | {"data": turn.view(node.id)["data"]},
    )


def take_branch(turn: Turn, node: Choice, name: str) -> None:
    """Go the way called `name`, which is one of the choice's."""
    branch: Branch = next(b for b in node.branches if b.name == name)
    token = turn.open[node.id]
    token["took"] = turn.state["took"][node.id] = name
    token.pop("phase", None)
    turn.enter(branch.body.id)


def _again_or_on(turn: Turn, node: Loop, token: Token) -> None:
    again, problem = False, ""
    if node.by == "outcome":
        again = _said(turn, node) in node.again_outcomes
    elif node.by == "default":
        again = node.share_again >= 0.5
    elif node.by in ("rule", "history") and node.again:
        again, problem = _holds(turn, node.again, _environment(turn, node))
    token["in"] = "deciding"
    context = _passes(node, token)
    if problem or node.by in ("person", "event"):
        _ask(turn, node, token, [AGAIN, ON], problem, context)
    else:
        go_round(turn, node, AGAIN if again else ON)


def _passes(node: Loop, token: Token) -> dict[str, Any]:
    shares = {AGAIN: node.share_again, ON: 1 - node.share_again}
    return {"question": node.question, "passes": token["passes"], "shares": shares}


def go_round(turn: Turn, node: Loop, way: str, *, by_hand: bool = False) -> None:
    """Another pass of the loop, or on; only the manual queue may grant more passes than the most."""
    token = turn.open[node.id]
    token.pop("phase", None)
    if way == AGAIN and token["passes"] >= node.max_visits and not by_hand:
        problem = f"the loop wants another pass after {token['passes']}, the most it may have"
        _ask(turn, node, token, [AGAIN, ON], problem, _passes(node, token))
        return
    if way == AGAIN:
        token["in"] = "redo"
        turn.enter(node.redo.id)
    else:
        turn.leave(node.id)


KEPT = ("format", "run", "caller", "started", "ending", *PARTS, "visits", "took", "tasks")
"""What outlives a run."""
STEPS = {"enter": _enter, "leave": _leave, "more": _more}


def finish(turn: Turn, status: str) -> None:
    """End the run: close what is still open beside it, answer its caller, keep only what outlives it."""
    for token in turn.open.values():
        if "task" in token:
            turn.effects.append(CloseTask(token["task"]["id"]))
    if "caller" in turn.state:
        turn.effects.append(_answer(turn, status))
    turn.agenda.clear()
    state = {name: turn.state[name] for name in KEPT if name in turn.state}
    turn.state.clear()
    turn.state.update(state, status=status, ended=turn.now, open={}, undo=[], timers={})


def _answer(turn: Turn, status: str) -> Tell:
    """What the step that called this run is told: its data and the outcome said last, or a failure."""
    state, caller = turn.state, turn.state["caller"]
    place = {name: caller[name] for name in ("node", "visit", "attempt")}
    place |= {"begun": state["started"], "resource": state["run"]}
    if status == "done":
        said = {"outcome": list(state["outcome"].values())[-1]} if state["outcome"] else {}
        return Tell(caller["run"], "succeeded", place | {"output": said | copied(state["data"])})
    why = ": ".join(filter(None, (f"its run {state['run']} was cancelled", state["ending"].get("reason"))))
    return Tell(caller["run"], "failed", place | {"error": why, "retryable": False})

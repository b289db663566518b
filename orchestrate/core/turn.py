"""One event being applied to a copy of a run's state: what the parts of the core share.

A state is plain JSON. `open` holds a token for every node the run is inside of; a token of a step,
and of a choice or loop that waits for a person, carries its task and its timers. What steps write
(`data`, `done`, `outcome`) goes to the innermost parallel lane they lie in and is merged when all
lanes have ended, in the order of the plan: so branches cannot see each other half-done, and the
order in which they end changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestrate.contracts import Node, Sla, Step
from orchestrate.core.effects import (
    STARTER,
    Alert,
    CloseTask,
    DoneTask,
    Effect,
    OpenTask,
    TaskKind,
    Tell,
    Terms,
)
from orchestrate.core.plan_index import PlanIndex

State = dict[str, Any]
Token = dict[str, Any]
PARTS = ("data", "done", "outcome")
"""What a scope holds; beside it `last`, the step that was done last in it."""
UNDO = "!undo"
"""Key of the token of the compensation that runs now; no node may be called so."""
DEADLINE = "!deadline"
"""Key of the token that asks whether a run past its deadline goes on."""
RUN = ""
"""In a list of timers, the run itself."""


class Misfit(Exception):
    """The event does not fit the state; the core turns this into a `Refusal`."""


def copied(value: Any) -> Any:
    """A deep copy of plain JSON, several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items()}
    return [copied(v) for v in value] if isinstance(value, list) else value


def new_scope() -> dict[str, dict[str, Any]]:
    """What a lane writes: data by field, visits and last outcome by step."""
    return {part: {} for part in PARTS}


@dataclass
class Turn:
    """The copy that is changed, what the change asks of the store, and the nodes still to be walked."""

    index: PlanIndex
    state: State
    now: float
    effects: list[Effect] = field(default_factory=list)
    agenda: list[tuple[str, str]] = field(default_factory=list)
    """`(enter|leave|more, node)`; worked off by the flow, last first."""

    @property
    def open(self) -> dict[str, Token]:
        """Tokens by node."""
        found: dict[str, Token] = self.state["open"]
        return found

    @property
    def ending(self) -> bool:
        """Whether the run was cancelled and only settles what it had begun."""
        return "ending" in self.state

    def enter(self, node: str) -> None:
        """Walk into a node next."""
        self.agenda.append(("enter", node))

    def leave(self, node: str) -> None:
        """Walk out of a node next."""
        self.agenda.append(("leave", node))

    def more(self, node: str) -> None:
        """Begin more items of a list next."""
        self.agenda.append(("more", node))

    def visit(self, node: str) -> int:
        """Count one more visit of a node."""
        visits: dict[str, int] = self.state["visits"]
        visits[node] = visits.get(node, 0) + 1
        return visits[node]

    def scope(self, node: str) -> dict[str, Any]:
        """Where this node writes: its innermost lane, or the run."""
        lanes = self.index.lanes[node]
        if not lanes:
            return self.state
        parallel, lane = lanes[-1]
        found: dict[str, Any] = self.open[parallel]["lanes"][lane]
        return found

    def view(self, node: str) -> dict[str, dict[str, Any]]:
        """What this node sees: the run's `data`, `done` and `outcome` under those of its lanes."""
        scopes = [self.state, *(self.open[p]["lanes"][lane] for p, lane in self.index.lanes[node])]
        return {part: {k: v for scope in scopes for k, v in scope[part].items()} for part in PARTS}

    def alert(self, kind: Any, node: str, visit: int, message: str) -> None:
        """Raise an alert."""
        self.effects.append(Alert(kind, node, visit, message))

    def ask(
        self,
        node: str,
        token: Token,
        kind: TaskKind,
        outcomes: Iterable[str],
        *,
        role: str | None = None,
        sla: Sla | None = None,
        reason: str = "",
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a task and set its timers on `token`."""
        self.state["tasks"] += 1
        step = self.index.nodes.get(token.get("node", node))
        task = f"{self.state['run']}.{self.state['tasks']}"
        token["phase"] = "task"
        token["task"] = {"id": task, "kind": kind, "level": 0, "opened": self.now}
        token["task"]["outcomes"] = list(outcomes)
        token.setdefault("enabled", self.now)
        timers = token.setdefault("timers", {})
        if sla is not None:
            timers["due"] = self.now + sla.due.total_seconds()
            if sla.remind is not None:
                timers["remind"] = self.now + sla.remind.total_seconds()
        role, assignee = person_or_role(role or self.index.plan.manual_role)
        self.effects.append(
            OpenTask(
                task=task,
                node=step.id if step else RUN,
                visit=token["visit"],
                kind=kind,
                name=name_of(step, token),
                role=role,
                assignee=assignee,
                outcomes=tuple(token["task"]["outcomes"]),
                due=timers.get("due"),
                reason=reason,
                context=dict(context or {}),
                terms=_terms(step, kind, self.index.plan.manual_role),
            )
        )

    def tell(self, token: Token, kind: str, **payload: Any) -> None:
        """Tell the sub-plan's run of a token, if it has one."""
        if "child" in token:
            self.effects.append(Tell(token["child"], kind, payload))

    def settle(self, token: Token, done: DoneTask | None = None) -> None:
        """Forget a token's task: settled by `done`, or no longer needed."""
        task = token.pop("task")
        for what in ("due", "remind", "timeout"):
            token["timers"].pop(what, None)
        self.effects.append(done or CloseTask(task["id"]))


def name_of(node: Node | None, token: Token) -> str:
    """What people call what a token is about; an item of a list with its place in it."""
    if not isinstance(node, Step):
        return (getattr(node, "question", "") or node.id) if node else "The run is past its deadline"
    return f"{node.name} ({token['at'] + 1} of {token['of']})" if "item" in token else node.name


def utc(moment: float) -> str:
    """Seconds since 1970 as people read them."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"


def item_key(node: str, visit: int) -> str:
    """Key of the token of one item of a list; no node may be called so."""
    return f"!{node}#{visit}"


def attempt_key(state: State, node: str, visit: int) -> str:
    """Key of the token that an attempt of a step belongs to."""
    key = item_key(node, visit)
    return key if key in state["open"] else node


def _terms(node: Any, kind: TaskKind, queue: str) -> Terms:
    """Who may have a task of this node; the manual queue is for whoever knows how to go on."""
    if not isinstance(node, Step):
        return Terms(queue=queue)
    eyes, assign = node.four_eyes, node.assign if kind in ("step", "side") else None
    apart = (*eyes.steps, *([STARTER] if eyes.starter else [])) if eyes else ()
    how: dict[str, Any] = {"by": assign.by, "skill": assign.skill} if assign else {}
    return Terms(**how, apart=apart, queue=queue)


def person_or_role(name: str) -> tuple[str | None, str | None]:
    """`(role, assignee)`: `person:NAME` is a person, anything else a role."""
    return (None, name.removeprefix("person:")) if name.startswith("person:") else (name, None)


def timers(state: State) -> list[tuple[float, str, str]]:
    """Every running timer as `(when, node, what)`, soonest first; none while paused or ended."""
    if state["status"] != "open" or "paused" in state:
        return []
    found = [(at, RUN, what) for what, at in state["timers"].items()]
    for node, token in state["open"].items():
        found += [(at, node, what) for what, at in token.get("timers", {}).items()]
    return sorted(found)

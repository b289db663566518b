"""The plan: a process tree with typed steps, sound by construction, carrying its evidence.

A plan is sequence, parallel, choice, loop and step, nested; no deadlock can be written in it.
Every node has an id that is unique in the plan and kept from version to version, so that the
journal of a running case can be replayed on a newer plan.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from home.contracts import Contract

StepKind = Literal["service", "human", "script", "model", "notify", "publish", "plan", "manual"]
DecidedBy = Literal["default", "history", "rule", "outcome", "event", "person"]
Priority = Literal["low", "normal", "high", "urgent"]
"""Whose turn it is when more runs wait than are driven at once."""
JsonSchema = dict[str, Any]
Cel = str
"""A CEL expression over `data` (the run's data), `done` (visits per step id), `outcome` (last outcome
per step id), `visit` (visits of this node, from 1) and `elapsed_s` (seconds since the run began)."""


class Evidence(Contract):
    """Why something is in the plan: a sentence, its figures, and the log they were counted in."""

    statement: str
    n: int | None = None
    """Observations behind it."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    p: float | None = None
    """Error probability of the test that supports it."""
    cases: tuple[str, ...] = ()
    """A few case ids to look at."""


class Retry(Contract):
    """How often a failing attempt is repeated, and how long to wait before it."""

    attempts: int = Field(default=3, ge=1, le=100)
    wait_initial: timedelta = timedelta(seconds=1)
    wait_max: timedelta = timedelta(minutes=5)
    wait_jitter: timedelta = timedelta(seconds=1)


class Sla(Contract):
    """When a person's step is due, who is reminded, and to whom it goes after that."""

    due: timedelta
    remind: timedelta | None = None
    """Reminder this long after the task opened; before `due`."""
    escalate: tuple[str, ...] = ()
    """Roles or people, in order; each gets another `due` before the next, the last keeps it."""


class Assign(Contract):
    """How a task finds its person when it opens; without it, it waits in its role's queue."""

    by: Literal["role", "skill", "round-robin", "load", "hand"] = "role"
    """`role`: whoever takes it. `round-robin`: one after the other. `load`: who has the fewest open tasks.
    `skill`: of those with the skill, who has the fewest. `hand`: whomever a dispatcher gives it to."""
    skill: str | None = None
    """Only people with it; however the task is assigned."""


class FourEyes(Contract):
    """Whose word does not count for a step, because they had a hand in what it judges."""

    steps: tuple[str, ...] = ()
    """Ids of steps: whoever did or decided one of them in the same run."""
    starter: bool = False
    """Whoever started the run; of a called one, the run that called it."""


class Each(Contract):
    """A step that is done once for each item of a list, several at once. `each: lines` is short for
    `each: {of: lines}`."""

    of: str
    """Field of the run's data that holds the list."""
    item: str = "item"
    """Field in which the step is given its item."""
    into: str | None = None
    """Field of the run's data for the results, in the order of the list; default is the step's id."""
    at_once: int = Field(default=10, ge=1, le=100)
    """Most items under way at a time."""
    stop: bool = False
    """Whether an item that comes to the manual queue keeps further ones from being begun until it is
    settled; otherwise the others go on beside it."""
    most: int = Field(default=1000, ge=1, le=10_000)
    """Longest list; a longer one goes to the manual queue as a whole."""

    @model_validator(mode="before")
    @classmethod
    def _field_alone(cls, value: Any) -> Any:
        return {"of": value} if isinstance(value, str) else value


class Binding(Contract):
    """How a step reaches the world: a connector and its settings. Secrets only by reference."""

    connector: str
    settings: dict[str, Any] = {}


class Next(Contract):
    """One way on that cases took right after a step."""

    ways: dict[str, str]
    """What came of each choice and loop that was met next: a branch, or `again` or `on`."""
    share: float
    """Of the times that something had to be chosen after the step."""
    words: dict[str, float] = {}
    """How the log says the step ended then: shares of its outcomes."""


class Observed(Contract):
    """What the log showed of a step: 21 quantiles (0 %, 5 % … 100 %), in seconds."""

    n: int
    processing_s: tuple[float, ...] = ()
    waiting_s: tuple[float, ...] = ()
    """Before the step began."""
    outputs: dict[str, dict[str, float]] = {}
    """Share of each value of the outcomes and attributes that this step is seen to set."""
    next: tuple[Next, ...] = ()
    """Where it went from here, the commonest way first."""


class Step(Contract):
    """One piece of work."""

    kind: Literal["step"] = "step"
    id: str
    name: str
    """The activity, as the log calls it."""
    does: StepKind = "human"
    purpose: str = ""
    system: str | None = None
    role: str | None = None
    """Who does it: a role, or `person:NAME`."""
    owner: str | None = None
    instructions: str = ""
    input: JsonSchema = {}
    output: JsonSchema = {}
    """A success whose output breaks this is a failure."""
    outcomes: tuple[str, ...] = ()
    """What may be decided; empty means done is done. A connector says it as `outcome` in its output."""
    binding: Binding | None = None
    """Without one the step is a task for a person."""
    timeout: timedelta | None = None
    """Of one attempt; of a person's step, of the task."""
    deadline: timedelta | None = None
    """Of the whole visit: all attempts and the waits between them. After it, the manual queue."""
    retry: Retry = Retry()
    fallback: Binding | None = None
    """What is called instead while the breaker of the step's system is open; without one the run waits."""
    compensation: Binding | None = None
    sla: Sla | None = None
    assign: Assign | None = None
    four_eyes: FourEyes | None = None
    links: dict[str, str] = {}
    """Where whoever does it may look: a name and an address, with `{key}` and `{FIELD}` of the run's data."""
    expected: timedelta | None = None
    """An alert is raised at twice this."""
    plan: str | None = None
    """For `does: plan`, the plan to run as a sub-plan."""
    version: int | None = Field(default=None, ge=1)
    """For `does: plan`, the version of it; default is the newest when the step begins."""
    each: Each | None = None
    """Once for each item of a list."""
    observed: Observed | None = None
    off_system: bool = False
    """Added by hand: no system records it, so history is replayed without it, and the time it takes is
    part of the waits that the log shows."""
    evidence: tuple[Evidence, ...] = ()

    @property
    def calls(self) -> bool:
        """Whether it runs another plan; a binding comes first, such as that to a person."""
        return self.does == "plan" and self.plan is not None and self.binding is None


class Sequence(Contract):
    """One after the other."""

    kind: Literal["sequence"] = "sequence"
    id: str
    children: tuple["Node", ...]


class Parallel(Contract):
    """All of them, in any order or at once; ends when all have ended."""

    kind: Literal["parallel"] = "parallel"
    id: str
    children: tuple["Node", ...]
    evidence: tuple[Evidence, ...] = ()


class Branch(Contract):
    """One way out of a choice."""

    name: str
    share: float = Field(ge=0, le=1)
    """Share of the cases in the log that went this way."""
    when: Cel | None = None
    """For `rule` and `history`: the first branch whose expression is true is taken."""
    outcomes: tuple[str, ...] = ()
    """For `outcome`: the outcomes that take this branch; empty means the one that is called like it."""
    body: "Node"

    @property
    def words(self) -> tuple[str, ...]:
        """The outcomes that take this branch."""
        return self.outcomes or (self.name,)


class Choice(Contract):
    """Exactly one of its branches."""

    kind: Literal["choice"] = "choice"
    id: str
    by: DecidedBy
    of: str | tuple[str, ...] | None = None
    """For `outcome`: the id of the step whose outcome names the branch; of several, the one done last."""
    question: str = ""
    """For `person`: what is asked, with the observed shares shown beside the answers."""
    role: str | None = None
    otherwise: str | None = None
    """Branch taken when no expression is true; without it, the manual queue."""
    branches: tuple[Branch, ...]
    accuracy: float | None = None
    """Share of held-out cases that the rule puts on the branch they took."""
    majority: float | None = None
    """What always taking the commonest branch would have got right."""
    evidence: tuple[Evidence, ...] = ()


class Loop(Contract):
    """`body`, then again `redo` and `body` while the decision says so."""

    kind: Literal["loop"] = "loop"
    id: str
    body: "Node"
    redo: "Node"
    by: DecidedBy
    of: str | tuple[str, ...] | None = None
    again: Cel | None = None
    """For `rule` and `history`; for `outcome`, the outcome names `again` or `on`."""
    again_outcomes: tuple[str, ...] = ()
    question: str = ""
    role: str | None = None
    share_again: float = Field(default=0.0, ge=0, le=1)
    max_visits: int = Field(default=5, ge=1)
    """Passes of `body` after which the run goes to the manual queue."""
    accuracy: float | None = None
    majority: float | None = None
    evidence: tuple[Evidence, ...] = ()


def deciders(node: Choice | Loop) -> tuple[str, ...]:
    """Ids of the steps by whose outcome a choice or loop goes."""
    return (node.of,) if isinstance(node.of, str) else node.of or ()


class Skip(Contract):
    """Nothing to do: the empty branch of a choice."""

    kind: Literal["skip"] = "skip"
    id: str


Node = Annotated[Step | Sequence | Parallel | Choice | Loop | Skip, Field(discriminator="kind")]


class Change(Contract):
    """One edit of the tree. A move is a list of them, so that it can be made and taken back."""

    node: str
    """Id of the node it edits."""
    set: dict[str, Any] = {}
    """Fields of the node and their new values, as in the file; `branches` by the name of the branch."""
    insert: Step | None = None
    """A step that is put beside the node, or in its place."""
    at: Literal["after", "before", "instead"] = "after"
    """Where `insert` goes; nowhere where another change took the node out."""
    parallel: tuple[str, ...] = ()
    """Ids of neighbouring children of the sequence `node` that are done at once from now on."""


class Move(Contract):
    """One change from as-is to to-be, with why."""

    id: str
    move: str
    """`parallelise`, `decision-rule`, `approval-sla`, `knobs`, `manual-queue`, …"""
    where: tuple[str, ...]
    """Ids of the nodes it changes."""
    title: str
    grade: Literal["apply", "propose", "refuse"]
    """`apply`: in the plan. `propose`: safe only if a person agrees. `refuse`: looked at, and why not."""
    accepted: bool = False
    """Whether the plan has it; `apply` moves start accepted."""
    support: float | None = None
    gain_s: float | None = None
    """Expected seconds of cycle time saved per case."""
    evidence: tuple[Evidence, ...] = ()
    changes: tuple[Change, ...] = ()
    """What it does to the as-is tree."""


class Owner(Contract):
    """Who answers for the plan."""

    name: str
    confirmed: bool = False
    """False where the name is only the operating-system user."""


class Provenance(Contract):
    """Where a plan came from."""

    log: str
    log_hash: str
    candidate: str
    """Candidate id; `hand` for a plan written by hand."""
    part: bool = False
    """The plan is of a part of the process: other activities of the log are not its business."""
    where: Cel | None = None
    """Only cases that pass this filter."""
    since: str | None = None
    """Only cases that began then or later (ISO 8601, UTC): the process changed before."""
    mined_at: str = ""
    baton: str = ""
    coverage: float | None = None
    """Share of the log's cases the tree accepts exactly."""
    precision: float | None = None
    verdict: Literal["plan", "pilot", "refuse"] | None = None


class Plan(Contract):
    """A to-be orchestration. YAML and JSON carry the same fields; durations are ISO 8601 (`PT4H`)."""

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    purpose: str = ""
    owner: Owner
    provenance: Provenance | None = None
    input: JsonSchema = {}
    """What a run is started with."""
    body: Node
    side: tuple[Step, ...] = ()
    """Floating activities: may be done at any time beside the body; never awaited."""
    manual_role: str = "operator"
    """Who works the manual queue."""
    priority: Priority = "normal"
    """Of runs that are started without one."""
    expected: timedelta | None = None
    """Median cycle time of the log; an alert is raised at twice this."""
    deadline: timedelta | None = None
    """What a whole run may take; after it an alert, and what `at_deadline` says."""
    at_deadline: Literal["manual", "cancel"] = "manual"
    """`manual`: whoever works the manual queue is asked whether it goes on, and it goes on meanwhile.
    `cancel`: it is stopped, and what it did is undone."""
    as_is: Node | None = None
    """The tree as discovered, before the moves."""
    moves: tuple[Move, ...] = ()
    sample_inputs: tuple[dict[str, Any], ...] = ()
    """Inputs of some cases of the log, drawn at random, for the sandbox: only fields that rules use."""


for _model in (Sequence, Parallel, Branch, Choice, Loop, Plan):
    _model.model_rebuild(force=False)

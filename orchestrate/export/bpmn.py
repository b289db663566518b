"""A plan as BPMN 2.0 with a diagram: tasks by kind, conditions on flows, SLA as boundary timers."""

import re

from mining.bpmn_blocks import Block, TaskKind, Timer
from orchestrate.contracts import Choice, Loop, Node, Parallel, Plan, Sequence, Step, deciders

TASKS: dict[str, TaskKind] = {
    "service": "service",
    "human": "user",
    "script": "script",
    "model": "rule",
    "notify": "send",
    "publish": "send",
    "plan": "call",
    "manual": "manual",
}


def plan_bpmn(plan: Plan) -> str:
    """The plan as BPMN 2.0 XML. Side steps, which nothing waits for, are named in its documentation."""
    from mining.bpmn import to_bpmn

    return to_bpmn(block_of(plan.body), plan.name)


def block_of(node: Node) -> Block:
    """A part of a plan as BPMN draws it."""
    identity = xml_id(node.id)
    match node:
        case Step():
            return _task(node, identity)
        case Sequence():
            return Block("sequence", identity, children=tuple(map(block_of, node.children)))
        case Parallel():
            return Block("parallel", identity, children=tuple(map(block_of, node.children)))
        case Choice():
            return Block("choice", identity, _question(node), children=tuple(_branches(node)))
        case Loop():
            return _loop(node, identity)
    return Block("skip", identity)


def xml_id(identity: str) -> str:
    """An id that XML allows: letters, digits, `_`, `-` and `.`, not beginning with a digit."""
    found = re.sub(r"[^\w.-]", "_", identity, flags=re.ASCII)
    return found if re.match(r"[A-Za-z_]", found) else f"_{found}"


def _task(step: Step, identity: str) -> Block:
    timers: tuple[Timer, ...] = ()
    if step.sla is not None:
        due = step.sla.model_dump(mode="json")["due"]
        chain = ", ".join(step.sla.escalate)
        timers = (Timer(f"{identity}.due", due, f"Due: {chain}" if chain else "Due"),)
    words = [step.purpose, step.instructions, f"Role: {step.role}." if step.role else ""]
    words += [f"Once for each of {step.each.of}." if step.each else "", f"Calls {step.plan}." * step.calls]
    return Block(
        "task",
        identity,
        step.name,
        task=TASKS[step.does],
        timers=timers,
        documentation=" ".join(word for word in words if word),
    )


def _question(node: Choice) -> str:
    said = f"Outcome of {' or '.join(deciders(node))}?"
    return node.question or {"outcome": said, "event": "What comes first?"}.get(node.by, "")


def _branches(node: Choice) -> list[Block]:
    from dataclasses import replace

    default = node.otherwise
    if node.by == "default":
        default = max(node.branches, key=lambda branch: branch.share).name
    return [
        replace(
            block_of(branch.body),
            label=f"{' or '.join(branch.words)} ({branch.share:.0%})",
            when=branch.when or "",
            default=branch.name == default,
        )
        for branch in node.branches
    ]


def _loop(node: Loop, identity: str) -> Block:
    from dataclasses import replace

    again = ", ".join(node.again_outcomes) or "again"
    redo = replace(block_of(node.redo), label=f"{again} ({node.share_again:.0%})", when=node.again or "")
    return Block("loop", identity, node.question, children=(block_of(node.body), redo), leave="on")

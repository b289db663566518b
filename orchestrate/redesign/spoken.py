"""Choices that people make: whoever does the step before says in the same form what is next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from home.text import percent
from orchestrate.contracts import (
    Choice,
    Evidence,
    Loop,
    Next,
    Node,
    Parallel,
    Sequence,
    Skip,
    Step,
)
from orchestrate.plans.changes import rewritten, steps
from orchestrate.plans.check import nodes

NOWHERE = ""
"""Stands for the beginning of a part, or the end of a parallel block: no one step is before it."""
MOST = 7
"""Outcomes that people can be asked to choose from beside each other."""
ALWAYS = 0.99
"""Share from which an outcome in the log means one way on, and that way this outcome."""
DONE, AGAIN, ON, ONCE_MORE = "done", "again", "on", "once more"


@dataclass(frozen=True)
class Outcome:
    """What a person may say at the end of a step, and where that leads."""

    word: str
    label: str
    """What is next: an activity, or `done` where nothing special comes next."""
    ways: dict[str, str]
    """What it answers: a branch, or `again` or `on`, by choice or loop."""
    share: float


@dataclass
class _Group:
    """Ways on that are said alike."""

    labels: tuple[str, ...]
    share: float = 0.0
    ways: dict[str, str] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    """How often the log says each outcome with them, as a share of everything that came next."""

    def add(self, ways: dict[str, str], row: Next) -> None:
        self.share += row.share
        self.ways |= ways
        for word, share in row.words.items():
            self.words[word] = self.words.get(word, 0.0) + share * row.share

    def own_word(self, all_groups: Iterable["_Group"]) -> str | None:
        """The outcome that the log has of the step whenever, and only when, it went this way."""
        if not self.words:
            return None
        word = max(self.words, key=lambda each: self.words[each])
        said = sum(group.words.get(word, 0.0) for group in all_groups)
        return word if self.words[word] >= ALWAYS * max(self.share, said) else None


def say_next(body: Node) -> Node:
    """The tree with every choice of a person, that directly follows a step, made an outcome of that step.

    Nobody is asked twice: what would be a task of its own is said when the step before is finished. A
    choice stays a question where no one step comes before it (at the very beginning, or after things
    done at once), or where that step has outcomes of its own that say something else. A step that was
    added by hand says nothing: what the log says of the step before it still holds, what nobody logged is
    asked after it.
    """
    asked = {node.id: node for node in nodes(body) if isinstance(node, Choice | Loop) and node.by == "person"}
    known = {step.id: step for step in steps(body)}
    before = steps_before(body)
    late = _after_added(body)
    spoken: dict[str, Choice | Loop] = {}
    for identity, node in asked.items():
        sayers = before.get(identity, frozenset())
        wider = spoken | {identity: node}
        if identity in late and not all(_logged(known.get(step), identity) for step in sayers):
            continue
        if all(_can_say(known.get(step), identity, wider, before) for step in sayers) and sayers:
            spoken = wider
    said = _agreed(spoken, known, before)

    def edit(node: Node) -> Node:
        if isinstance(node, Step) and node.id in said:
            return _saying(node, said[node.id])
        if isinstance(node, Choice | Loop) and node.id in spoken:
            of = [step for step in known if step in before[node.id]]
            return _by_outcome(node, {step: said[step] for step in of}, [known[step].name for step in of])
        return node

    return rewritten(body, edit)


def steps_before(body: Node) -> dict[str, frozenset[str]]:
    """By choice and loop, the steps that may end directly before it is decided; `NOWHERE` where none does."""
    found: dict[str, frozenset[str]] = {}

    def through(node: Node, before: frozenset[str]) -> frozenset[str]:
        match node:
            case Step():
                return before if node.off_system else frozenset({node.id})
            case Sequence():
                for child in node.children:
                    before = through(child, before)
                return before
            case Parallel():
                for child in node.children:
                    through(child, frozenset({NOWHERE}))
                return frozenset({NOWHERE})
            case Choice():
                found[node.id] = before
                return frozenset().union(*(through(branch.body, before) for branch in node.branches))
            case Loop():
                first = through(node.body, before)
                last = through(node.body, before | through(node.redo, first))
                found[node.id] = last
                through(node.redo, last)
                return last
        return before

    through(body, frozenset({NOWHERE}))
    return found


def _after_added(body: Node) -> frozenset[str]:
    """Choices and loops that may come right after a step that was added by hand."""
    added = {step.id for step in steps(body) if step.off_system}
    if not added:
        return frozenset()
    plain = rewritten(
        body, lambda n: n.model_copy(update={"off_system": False}) if isinstance(n, Step) else n
    )
    return frozenset(identity for identity, found in steps_before(plain).items() if found & added)


def _logged(step: Step | None, identity: str) -> bool:
    """Whether the log says of this step how it ended, wherever this choice or loop came next."""
    seen = step.observed.next if step and step.observed else ()
    ways = [row for row in seen if identity in row.ways]
    return bool(ways) and all(row.words for row in ways)


def _can_say(
    step: Step | None,
    identity: str,
    spoken: dict[str, Choice | Loop],
    before: dict[str, frozenset[str]],
) -> bool:
    """Whether it is known what this step's outcomes would be, and they are few enough to choose from."""
    if step is None or step.outcomes or step.observed is None:
        return False
    mine = {other for other in spoken if step.id in before[other]}
    seen = {other for row in step.observed.next for other in row.ways}
    return (mine <= seen or mine == {identity}) and len(_outcomes(step, spoken, before)) <= MOST


def _outcomes(
    step: Step,
    spoken: dict[str, Choice | Loop],
    before: dict[str, frozenset[str]],
    *,
    logged: bool = True,
) -> list[Outcome]:
    """What a person can say after a step, the commonest first, in the log's words where it has them."""
    mine = {identity: node for identity, node in spoken.items() if step.id in before[identity]}
    groups: dict[tuple[tuple[str, str], ...], _Group] = {}
    seen = step.observed.next if step.observed else ()
    if not any(identity in row.ways for row in seen for identity in mine):
        # Things that discovery saw in any order: what came just before differs from case to case.
        seen = tuple(row for node in mine.values() for row in _overall(node))
    for row in seen:
        ways = {identity: way for identity, way in row.ways.items() if identity in mine}
        special = {i: label for i, way in ways.items() if (label := _label(mine[i], way))}
        key = tuple((i, ways[i]) for i in special)
        groups.setdefault(key, _Group(tuple(special.values()))).add(ways, row)
    total = sum(group.share for group in groups.values()) or 1.0
    short = [group.labels[-1] if group.labels else DONE for group in groups.values()]
    found: list[Outcome] = []
    for group, word in zip(groups.values(), short, strict=True):
        taken = {outcome.word for outcome in found} | set(short)
        plain = word if short.count(word) == 1 else ", then ".join(group.labels)
        plain = plain if short.count(plain) <= 1 else f"{plain} ({len(found) + 1})"
        own = group.own_word(groups.values()) if logged else None
        found.append(
            Outcome(own if own and own not in taken else plain, plain, group.ways, group.share / total)
        )
    return sorted(found, key=lambda outcome: -outcome.share)


def _overall(node: Choice | Loop) -> Iterator[Next]:
    """The ways of a choice or loop, whatever came before."""
    if isinstance(node, Loop):
        shares = {ON: 1 - node.share_again, AGAIN: node.share_again}
    else:
        shares = {branch.name: branch.share for branch in node.branches}
    return (Next(ways={node.id: way}, share=share) for way, share in shares.items())


def _agreed(
    spoken: dict[str, Choice | Loop], known: dict[str, Step], before: dict[str, frozenset[str]]
) -> dict[str, list[Outcome]]:
    """The outcomes of each step that is asked; one word never means two ways at one choice."""
    asked = [step for step in known if any(step in before[identity] for identity in spoken)]
    said = {step: _outcomes(known[step], spoken, before) for step in asked}
    for identity in spoken:
        meant: dict[str, set[str]] = {}
        for step in before[identity]:
            for outcome in said[step]:
                if identity in outcome.ways:
                    meant.setdefault(outcome.word, set()).add(outcome.ways[identity])
        if any(len(ways) > 1 for ways in meant.values()):
            plain = {step: _outcomes(known[step], spoken, before, logged=False) for step in before[identity]}
            said |= plain
    return said


def _label(node: Choice | Loop, way: str) -> str | None:
    """What is next on this way, in words; None where it is nothing special."""
    if isinstance(node, Choice):
        branch = next(branch for branch in node.branches if branch.name == way)
        if isinstance(branch.body, Step) and branch.body.off_system:
            return branch.body.name
        return None if isinstance(branch.body, Skip) else branch.name
    if way == ON:
        return None
    if not isinstance(node.redo, Skip):
        return _first(node.redo) or ONCE_MORE
    first = _first(node.body)
    return f"{first} again" if first else ONCE_MORE


def _first(node: Node) -> str | None:
    """What a part surely begins with."""
    match node:
        case Step():
            return node.name
        case Sequence():
            return _first(node.children[0])
        case Loop():
            return _first(node.body)
    return None


def _saying(step: Step, outcomes: list[Outcome]) -> Step:
    """The step with its outcomes, and instructions that name them."""
    ways = [
        f"{outcome.word!r} ({percent(outcome.share)}"
        + (")" if outcome.label in (outcome.word, DONE) else f", then {outcome.label})")
        for outcome in outcomes
    ]
    usual = f"usual is {ways[0]}" + (f", else {' or '.join(ways[1:])}" if ways[1:] else "")
    asked = step.instructions.replace("say it is done.", "say how it goes on:")
    if asked == step.instructions:
        asked = f"{asked} Then say how it goes on:".strip()
    shares = {outcome.word: round(outcome.share, 4) for outcome in outcomes}
    update: dict[str, object] = {"outcomes": tuple(shares), "instructions": f"{asked} {usual}."}
    if step.observed is not None:
        outputs = step.observed.outputs | {"outcome": shares}
        update["observed"] = step.observed.model_copy(update={"outputs": outputs})
    return step.model_copy(update=update)


def _by_outcome(node: Choice | Loop, said: dict[str, list[Outcome]], names: list[str]) -> Choice | Loop:
    """The choice or loop, decided by what was said at the end of the step before."""
    words: dict[str, tuple[str, ...]] = {}
    for outcome in (outcome for outcomes in said.values() for outcome in outcomes):
        way = outcome.ways.get(node.id)
        if way is not None and outcome.word not in words.get(way, ()):
            words[way] = (*words.get(way, ()), outcome.word)
    of = tuple(said)
    who = " or ".join(map(repr, names))
    logged = all(outcome.word != outcome.label for outcomes in said.values() for outcome in outcomes)
    why = "the outcome that the log has of it says it" if logged else "no rule was found"
    statement = f"{why}: whoever does {who} says in the same form what is next"
    update: dict[str, object] = {
        "by": "outcome",
        "of": of[0] if len(of) == 1 else of,
        "question": f"{' or '.join(names)}: what is next?",
        "evidence": (*node.evidence, Evidence(statement=statement)),
    }
    if isinstance(node, Loop):
        return node.model_copy(update=update | {"again_outcomes": words.get(AGAIN, ())})
    branches = tuple(
        branch.model_copy(update={"outcomes": own if own != (branch.name,) else ()})
        for branch in node.branches
        for own in (words.get(branch.name, ()),)
    )
    return node.model_copy(update=update | {"branches": branches})

"""What a choice or a loop decides, in words."""

from orchestrate.contracts import Choice, Loop
from orchestrate.redesign.as_is import first_step
from orchestrate.redesign.rule_mining import MinedRule


def decision(node: Choice | Loop) -> str:
    """What is decided: the ways of a choice, or the step that a loop would repeat."""
    if isinstance(node, Loop):
        return f"{first_step(node.body)} once more"
    return " or ".join(branch.name for branch in node.branches)


def by_rule(node: Choice | Loop, rule: MinedRule) -> str:
    """A mined rule as a sentence: `Approve large order when amount > 5000.0`."""
    when = {branch: text.replace("data.", "") for branch, text in rule.when.items()}
    if isinstance(node, Loop):
        return f"{decision(node)} {f'when {when[1]}' if 1 in when else f'unless {when[0]}'}"
    # A way that skips follows from the others; where it is the only one with a rule, it is said.
    named = [i for i in when if node.branches[i].body.kind != "skip"] or list(when)
    return "; ".join(f"{node.branches[i].name} when {when[i]}" for i in named)

"""Activities that differ in an outcome word only: one decision, written down as several activities."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

# Participles only: `REJECTED by X` says how a decision ended; `Reject application` is work of its own.
WORDS = frozenset(
    re.findall(
        r"\w+",
        """approved rejected accepted declined denied refused granted cancelled canceled passed failed
        succeeded confirmed withdrawn upheld overturned valid invalid eligible ineligible""",
    )
)


@dataclass(frozen=True)
class DecisionName:
    """One decision and the activities its outcomes are logged as."""

    name: str
    """Such as `Declaration DECIDED by SUPERVISOR`."""
    outcomes: dict[str, str]
    """Activity to outcome word, as the log writes it."""


def outcome_of(activity: str) -> tuple[str, str] | None:
    """The activity with its one outcome word taken out, and that word; None where it has none or several."""
    words = activity.split()
    found = [i for i, word in enumerate(words) if WORDS & set(re.split(r"[_\-]", word.lower()))]
    if len(found) != 1 or len(words) < 2:
        return None
    i = found[0]
    word = words[i]
    decided = "decided"
    decided = decided.upper() if word.isupper() else decided.capitalize() if word[0].isupper() else decided
    return " ".join((*words[:i], decided, *words[i + 1 :])), word


def decision_names(activities: Iterable[str]) -> list[DecisionName]:
    """The decisions among these activities: two or more that differ in their outcome word only."""
    groups: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for activity in sorted(activities):
        found = outcome_of(activity)
        if found:
            groups[found[0]][activity] = found[1]
    return [
        DecisionName(name, outcomes)
        for name, outcomes in sorted(groups.items())
        if len(set(outcomes.values())) == len(outcomes) > 1
    ]

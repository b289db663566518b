"""Filters that clicks make: from what was clicked to a CEL expression, and from that to words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from home.text import cel_text, text_of_cel

QUOTED = r'("(?:[^"\\]|\\.)*")'
WORDS: tuple[tuple[str, str], ...] = (
    (rf"directly_follows\({QUOTED}, {QUOTED}\)", "go {} → {}"),
    (rf"follows\({QUOTED}, {QUOTED}\)", "go {} … {}"),
    (rf"contains\({QUOTED}\)", "pass {}"),
    (rf"!contains\({QUOTED}\)", "do not pass {}"),
    (rf"first == {QUOTED}", "begin with {}"),
    (rf"last == {QUOTED}", "end with {}"),
    (rf"case_id == {QUOTED}", "are {}"),
    (rf"saved\({QUOTED}\)", "pass “{}”"),
    (r"variant in \[(\d+(?:, \d+)*)\]", "take variant {}"),
)


def chip_of(selection: Mapping[str, Any]) -> str:
    """The filter that a click on the process map means."""
    kind = selection.get("kind")
    if kind == "flow":
        return f"directly_follows({cel_text(selection['source'])}, {cel_text(selection['target'])})"
    if kind in ("start", "end"):
        return f"{'first' if kind == 'start' else 'last'} == {cel_text(selection['activity'])}"
    return f"contains({cel_text(selection['activity'])})"


def variants_chip(numbers: Sequence[int]) -> str:
    """The filter for the cases of some variants."""
    return f"variant in [{', '.join(str(int(n)) for n in numbers)}]"


def chosen_variants(chips: Sequence[str]) -> list[int]:
    """The variants that filters choose."""
    for chip in chips:
        if found := re.fullmatch(r"variant in \[(\d+(?:, \d+)*)\]", chip):
            return [int(n) for n in found[1].split(",")]
    return []


def clicked(chips: Sequence[str]) -> list[dict[str, str]]:
    """What on the map the filters stand for, so that it can be marked there."""
    kinds = (("contains", "activity"), ("first", "start"), ("last", "end"))
    found: list[dict[str, str]] = []
    for chip in chips:
        if flow := re.fullmatch(rf"directly_follows\({QUOTED}, {QUOTED}\)", chip):
            found.append({"kind": "flow", "source": text_of_cel(flow[1]), "target": text_of_cel(flow[2])})
        for name, kind in kinds:
            if one := re.fullmatch(rf"{name}(?:\(| == ){QUOTED}\)?", chip):
                found.append({"kind": kind, "activity": text_of_cel(one[1])})
    return found


def in_words(chip: str) -> str:
    """A filter as people say it, after "only cases that"; any other expression as it stands."""
    for pattern, words in WORDS:
        if found := re.fullmatch(pattern, chip):
            return words.format(
                *(text_of_cel(part) if part.startswith('"') else part for part in found.groups())
            )
    return chip

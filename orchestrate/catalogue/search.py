"""Ranks entries by how well their words answer a question: BM25, with synonyms and for slips of the pen."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from orchestrate.catalogue.words import kin, stems

K1, B = 1.2, 0.6
"""Saturation and length normalisation (Robertson & Zaragoza 2009)."""
KIN_WEIGHT, NEAR_WEIGHT = 0.45, 0.4
"""What a synonym counts, and what the nearest known word counts for one that nobody knows."""


def ranked(question: str, texts: Sequence[Mapping[float, str]]) -> list[tuple[int, float]]:
    """`(index, score)` of the texts that answer at all, the best first.

    A text is given by its parts and their weights: `{3.0: "send mail", 1.0: "tells people …"}`.
    """
    counted = [_counted(parts) for parts in texts]
    if not counted:
        return []
    lengths = [sum(counts.values()) for counts in counted]
    mean = sum(lengths) / len(lengths) or 1.0
    seen = Counter(word for counts in counted for word in counts)
    scores = [0.0] * len(counted)
    for word, weight in _asked(question, seen).items():
        rarity = math.log(1 + (len(counted) - seen[word] + 0.5) / (seen[word] + 0.5))
        for index, counts in enumerate(counted):
            if often := counts.get(word, 0.0):
                damped = often * (K1 + 1) / (often + K1 * (1 - B + B * lengths[index] / mean))
                scores[index] += weight * rarity * damped
    found = [(index, score) for index, score in enumerate(scores) if score > 0]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _counted(parts: Mapping[float, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for weight, text in parts.items():
        for word in stems(text):
            found[word] = found.get(word, 0.0) + weight
    return found


def _asked(question: str, seen: Mapping[str, int]) -> dict[str, float]:
    """Words that count for a question, and how much."""
    found: dict[str, float] = {}
    for word in stems(question):
        near = (
            [] if word in seen or kin(word) & seen.keys() else get_close_matches(word, seen, n=1, cutoff=0.75)
        )
        weights = {word: 1.0} | dict.fromkeys(kin(word), KIN_WEIGHT) | dict.fromkeys(near, NEAR_WEIGHT)
        for other, weight in weights.items():
            if other in seen:
                found[other] = max(weight, found.get(other, 0.0))
    return found

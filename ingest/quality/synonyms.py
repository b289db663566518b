"""Activities that may be one under two names: written alike, and standing in the same places."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from math import sqrt
from shlex import quote

from ingest.quality.contracts import QualityFinding
from ingest.quality.facts import Facts, found

MOST_ACTIVITIES = 1_000
ALIKE = 0.5
"""How alike their neighbours must be (cosine)."""
SURE = 0.2
"""The same for names that differ in case, blanks and signs alone."""
Context = dict[tuple[str, int], float]


def check(facts: Facts) -> Iterator[QualityFinding]:
    """Pairs with names that are nearly equal and the same neighbours, never both in one case."""
    names = facts.activities()
    if len(names) > MOST_ACTIVITIES:
        return
    contexts = _contexts(facts)
    for a, b in _written_alike(names):
        same = _plain(names[a]) == _plain(names[b])
        if _cosine(contexts[a], contexts[b]) < (SURE if same else ALIKE):
            continue
        counted = facts.one("together", a=a, b=b)
        if counted["both"] > 0.01 * min(counted["a"], counted["b"]):
            continue
        rare, common = (names[a], names[b]) if counted["a"] < counted["b"] else (names[b], names[a])
        n = min(counted["a"], counted["b"])
        yield found(
            "likely_synonyms", "warning" if same else "info", n,
            f"{rare!r} looks like {common!r}: written alike, in the same place, never both in one case.",
            of=facts.log.cases, do="If they are one activity, merge them:", names=(rare, common),
            command=f"baton shape {quote(facts.log.name)} --rename {quote(f'{rare}={common}')}",
        )  # fmt: skip


def _contexts(facts: Facts) -> dict[int, Context]:
    """Per activity what comes before and after it, and how often."""
    contexts: dict[int, Context] = defaultdict(lambda: defaultdict(float))
    for row in facts.ask("neighbours"):
        contexts[row["aid"]]["after", row["naid"]] += row["n"]
        contexts[row["naid"]]["before", row["aid"]] += row["n"]
    return contexts


def _cosine(a: Context, b: Context) -> float:
    size = sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    return sum(v * b[k] for k, v in a.items() if k in b) / size if size else 0.0


def _written_alike(names: dict[int, str]) -> Iterator[tuple[int, int]]:
    words = {aid: _words(name) for aid, name in names.items()}
    groups: dict[int, list[int]] = defaultdict(list)
    for aid, said in words.items():
        groups[len(said)].append(aid)
    for group in groups.values():
        for a, b in combinations(group, 2):
            if words[a] and _near(words[a], words[b]):
                yield a, b
    plain: dict[str, list[int]] = defaultdict(list)
    for aid, name in names.items():
        plain[_plain(name)].append(aid)
    for group in plain.values():  # `orderreceived` and `Order received` have as many words as they like
        for a, b in combinations(group, 2):
            if len(words[a]) != len(words[b]) and _plain(names[a]):
                yield a, b


def _words(name: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).casefold()
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return tuple(re.findall(r"[^\W_]+", kept))


def _plain(name: str) -> str:
    return "".join(_words(name))


def _near(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """The same words in any order, each spelled the same but for a slip or an ending."""
    left = list(b)
    for word in a:
        partner = next((w for w in left if w == word), None) or next(
            (w for w in left if _slip(word, w)), None
        )
        if partner is None:
            return False
        left.remove(partner)
    return True


def _slip(a: str, b: str) -> bool:
    """Whether two words differ as by a slip; digits never do, nor `paid` and `unpaid`."""
    if any(c.isdigit() for c in a + b) or a.endswith(b) or b.endswith(a):
        return False
    short = min(len(a), len(b))
    return short >= 4 and _distance(a, b) <= (1 if short < 7 else 2)


def _distance(a: str, b: str) -> int:
    """Letters to change, leave out, add or swap with the next (optimal string alignment)."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before, row = list(range(len(b) + 1)), list(range(len(b) + 1))
    above: list[int] = []
    for i, x in enumerate(a, 1):
        above, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]

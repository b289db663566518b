"""Words and their kin: what people call a thing, brought to one stem, without a dictionary or a network."""

import re
from collections.abc import Iterable, Iterator

WORD = re.compile(r"[a-z0-9äöüß]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
STOP = frozenset(
    WORD.findall(
        """a an and are as at be by for from has have how i if in into is it its me my of on or our
        somebody something that the their them then they this to up us was we what when where which who
        will with you your"""
    )
)
SUFFIXES = tuple(
    "ications ication ations ation ions ings ing ied ion ies ers als al er ed es ly s y e".split()  # noqa: SIM905
)
KIN = (
    "approve approval accept authorise authorize sign grant decide decision judge permit release okay",
    "reject refuse decline deny",
    "mail email message notify notification inform tell remind alert announce letter sms chat slack teams",
    "database sql table query postgres postgresql mysql mariadb sqlite oracle warehouse record row",
    "find search look lookup read fetch get retrieve",
    "store save insert write update archive put persist",
    "event queue topic broker kafka rabbitmq publish emit broadcast bus",
    "wait await receive expect listen consume",
    "service api rest http web webhook request call endpoint",
    "pay payment transfer money invoice bill bank charge",
    "bot rpa script program automation robot macro command desktop legacy",
    "model ai learning predict classify score recognise recognize detect triage assess estimate fraud",
    "person people human manually colleague clerk somebody employee staff",
    "correct mend repair fix complete clean",
    "check verify validate examine inspect review control",
    "compute calculate transform convert python function code",
    "customer client buyer applicant",
    "order purchase procurement",
    "try test simulate pretend sandbox mock",
)
"""Groups of words that mean nearly the same to whoever looks for a way to do a step."""


def stems(text: str) -> list[str]:
    """The stems of the words of a text, in order; `OrderShipped` is two words."""
    return [stem(word) for word in WORD.findall(CAMEL.sub(" ", text).lower()) if word not in STOP]


def stem(word: str) -> str:
    """A word without its ending: crude, and the same for what is asked and what is found."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix)
    return word


def kin(word: str) -> frozenset[str]:
    """Stems that mean nearly the same as a stem."""
    return _KIN.get(word, frozenset()) - {word}


def _groups() -> Iterator[tuple[str, frozenset[str]]]:
    for group in KIN:
        together = frozenset(stem(word) for word in group.split())
        for word in together:
            yield word, together


def _joined(pairs: Iterable[tuple[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for word, together in pairs:
        found[word] = found.get(word, frozenset()) | together
    return found


_KIN = _joined(_groups())

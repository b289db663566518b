"""What the signs of chaos are told as."""

from collections.abc import Iterator

from home.contracts import Contract, Response
from home.text import percent, plain
from mining.contracts import LogRequest

REFERENCE = 0.3
"""Up to this share of work is commonly said to be lost to rework and handing over."""


class ChaosRequest(LogRequest):
    """Asks for signs that nobody conducts the work."""


class Sign(Contract):
    """One sign, found in the log with its evidence."""

    sign: str
    """`needless_approval`, `unequal_outcomes`, `untracked`, `key_person` or `double_entry`."""
    headline: str
    detail: str
    """What was measured, against what, and what was not looked at."""
    value: float
    """The share that the headline tells, from 0 to 1."""
    cases: int
    """Cases it concerns."""
    examples: list[str]
    where: str | None = None
    """A filter (CEL) that leaves them, where one can."""


class Chaos(Response):
    """Signs of work without a conductor."""

    log: str
    cases: int
    rework_share: float
    """Of all steps, those that their case had done before."""
    handoff_share: float | None
    """Of the steps that follow another, those that change hands; absent where nobody is named."""
    reference: float = REFERENCE
    """The share that is commonly quoted, to compare with; not measured here."""
    signs: list[Sign]
    looked_for: list[str]
    """Every sign that was looked for."""
    not_possible: list[str]
    """Signs that this log cannot show, and why."""

    def lines(self) -> Iterator[str]:
        """The two shares, then each sign."""
        handed = (
            "nobody is named" if self.handoff_share is None else f"{percent(self.handoff_share)} change hands"
        )
        yield (
            f"{plain(self.log)}: {percent(self.rework_share)} of the steps were done before in their case, "
            f"{handed} (commonly quoted: up to {self.reference:.0%})"
        )
        for number, sign in enumerate(self.signs, 1):
            yield ""
            yield f"{number}. {plain(sign.headline)}"
            yield f"   {plain(sign.detail)}"
            if sign.examples:
                yield f"   {sign.cases:,} cases, for example {plain(', '.join(sign.examples))}"
            if sign.where:
                yield f"   baton map {plain(self.log)} --where '{plain(sign.where)}'"
        if not self.signs:
            yield "No sign of chaos was found."
        for reason in self.not_possible:
            yield f"Not looked for: {plain(reason)}"

"""What can go wrong while a log comes in.

IngestError     exit 1   base of the room
└── Rejected    exit 1   the source was refused whole; carries the report that says why
Undecided       exit 2   the source holds several things, and which one is meant was not said
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from home.errors import BatonError, UsageError

if TYPE_CHECKING:
    from ingest.contracts import IngestReport


class IngestError(BatonError):
    """A source could not be read as asked."""

    code = "ingest"


class Unfit(IngestError):
    """A source is refused whole: nothing of it was loaded.

    `word` names the rule it broke (`truncated`, `DTD`, `ambiguous`, …), `where` the place. Where it holds
    several things, `option` is the option that says which is meant, and `names` what there is.
    """

    code = "unfit"

    def __init__(
        self,
        word: str,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        option: str = "",
        names: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.word = word
        self.where = where
        self.option = option
        self.names = tuple(names)


class Rejected(IngestError):
    """A load was refused; `report` is what the command prints."""

    code = "rejected"

    def __init__(self, report: "IngestReport", *, hint: str = "") -> None:
        super().__init__(report.message, hint=hint)
        self.report = report


class Undecided(UsageError):
    """A database holds several things, and it has to be said which one is meant.

    `option` is the option that says it, such as `table`, and `names` what there is.
    """

    def __init__(self, option: str, names: Sequence[str], message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.option = option
        self.names = tuple(names)

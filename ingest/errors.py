"""What can go wrong while a log comes in.

IngestError     exit 1   base of the room
└── Rejected    exit 1   the source was refused whole; carries the report that says why
"""

from typing import TYPE_CHECKING

from home.errors import BatonError

if TYPE_CHECKING:
    from ingest.contracts import IngestReport


class IngestError(BatonError):
    """A source could not be read as asked."""

    code = "ingest"


class Unfit(IngestError):
    """A source is refused whole: nothing of it was loaded.

    `word` names the rule it broke (`truncated`, `DTD`, `ambiguous`, …), `where` the place.
    """

    code = "unfit"

    def __init__(self, word: str, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.word = word
        self.where = where


class Rejected(IngestError):
    """A load was refused; `report` is what the command prints."""

    code = "rejected"

    def __init__(self, report: "IngestReport", *, hint: str = "") -> None:
        super().__init__(report.message, hint=hint)
        self.report = report

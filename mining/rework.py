"""`baton rework`: activities that cases do more than once."""

from collections.abc import Iterator

from home.context import Context
from home.contracts import Contract, Response
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import percent, plain, table
from mining.contracts import LogRequest
from mining.lens import lens


class ReworkRequest(LogRequest):
    """Asks what is done again."""


class ReworkedActivity(Contract):
    """An activity that some case does more than once."""

    activity: str
    cases: int
    """Cases that do it more than once."""
    repeats: int
    """Times beyond the first in its case."""
    self_loops: int
    """Of those, directly after itself."""
    ping_pongs: int
    """Of those, with exactly one other activity between: A, B, A."""


class Rework(Response):
    """How much of the work is done again."""

    log: str
    cases: int
    """Cases in view."""
    cases_with_rework: int
    share: float
    """Of the cases in view."""
    repeats: int
    """Activity instances beyond the first of their kind in their case."""
    repeat_share: float
    """Of all activity instances in view."""
    activities: list[ReworkedActivity]

    def lines(self) -> Iterator[str]:
        """The share, then each activity."""
        yield (
            f"{plain(self.log)}: {percent(self.share)} of {self.cases:,} cases do something again; "
            f"{percent(self.repeat_share)} of all steps are repeats"
        )
        yield ""
        yield from table([a.model_dump() for a in self.activities])


def rework(context: Context, request: ReworkRequest) -> Rework:
    """Repetition, self-loops and ping-pong of activities within a case, from variants alone."""
    with lens(context, request.log, request.view, request.where) as view:
        share = rows(view.cursor.execute(read_sql("mining.sql", "rework_share")))[0]
        found = reworked(view.cursor)
    return Rework(
        log=request.log,
        cases=view.cases,
        cases_with_rework=share["cases"],
        share=share["cases"] / view.cases if view.cases else 0.0,
        repeats=share["repeats"],
        repeat_share=share["repeats"] / share["instances"] if share["instances"] else 0.0,
        activities=found,
    )


def reworked(cursor: Cursor) -> list[ReworkedActivity]:
    """The activities that some case in view repeats, most repeats first."""
    return [ReworkedActivity(**row) for row in rows(cursor.execute(read_sql("mining.sql", "rework")))]

"""`baton handovers`: who hands work to whom, and how long it lies between them."""

from collections.abc import Iterator

from home.context import Context
from home.contracts import Contract, Response
from home.duck import Cursor, rows
from home.sql import read_sql
from home.text import percent, plain, table
from mining.contracts import LogRequest
from mining.lens import lens


class HandoversRequest(LogRequest):
    """Asks who hands work to whom."""


class Handover(Contract):
    """`target` does the step right after one of `source`; the same resource is a handover to itself."""

    source: str
    target: str
    events: int
    """Times seen."""
    cases: int
    mean_s: float
    """From the end of the one step to the start of the next; 0 where they overlap."""
    median_s: float


class Handovers(Response):
    """Handover of work between resources."""

    log: str
    cases: int
    """Cases in view."""
    per_case: float
    """Changes of resource in a case, on average."""
    share: float
    """Of the steps that follow another, those that change the resource."""
    handovers: list[Handover]

    def lines(self) -> Iterator[str]:
        """The share, then the commonest handovers."""
        yield (
            f"{plain(self.log)}: {self.per_case:.1f} handovers per case; "
            f"{percent(self.share)} of the steps change hands"
        )
        if not self.handovers:
            yield "No two steps in a row say who did them."
            return
        yield ""
        changed = [h.model_dump() for h in self.handovers if h.source != h.target]
        yield from table(changed[:25])


def handovers(context: Context, request: HandoversRequest) -> Handovers:
    """Handover of work (van der Aalst, Reijers and Song 2005): steps done by another than the step before."""
    with lens(context, request.log, request.view, request.where) as view:
        share = rows(view.cursor.execute(read_sql("mining.sql", "handover_share")))[0]
        found = handover_pairs(view.cursor)
    return Handovers(
        log=request.log,
        cases=view.cases,
        per_case=share["handovers"] / view.cases if view.cases else 0.0,
        share=share["handovers"] / share["steps"] if share["steps"] else 0.0,
        handovers=found,
    )


def handover_pairs(cursor: Cursor) -> list[Handover]:
    """Pairs of resources in view, commonest first."""
    return [Handover(**row) for row in rows(cursor.execute(read_sql("mining.sql", "handovers")))]

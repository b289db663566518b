"""`baton tokens`: a sample of cases as moving dots on the process map."""

from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Response
from home.sql import read_sql
from mining.contracts import LogRequest
from mining.directly_follows import activities
from mining.lens import lens


class TokensRequest(LogRequest):
    """Asks for cases to replay."""

    cases: Annotated[int, Field(ge=1, le=5000)] = 300
    """Most cases to take, spread evenly over the log."""


class Tokens(Response):
    """Cases to replay on the map of the same log, view and filter."""

    log: str
    activities: list[str]
    """As on the map: most frequent first."""
    cases: list[list[tuple[int, float]]]
    """Of each case its steps in order: position in `activities`, and when it began, in Unix seconds."""
    t0: float
    """First and last of these moments."""
    t1: float


def tokens(context: Context, request: TokensRequest) -> Tokens:
    """The steps of up to `--cases` cases, each with its real time, for replay on the process map."""
    with lens(context, request.log, request.view, request.where) as view:
        names = [row["activity"] for row in activities(view.cursor, timed=False)]
        sql = read_sql("mining.sql", "tokens")
        found = view.cursor.execute(sql, {"cases": request.cases}).fetchall()
    cases = [list(zip(positions, moments, strict=True)) for positions, moments in found]
    moments = [moment for case in cases for _, moment in case]
    return Tokens(
        log=request.log,
        activities=names,
        cases=cases,
        t0=min(moments, default=0.0),
        t1=max(moments, default=0.0),
    )

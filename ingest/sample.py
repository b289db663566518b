"""`baton sample`: makes the sample company's exports and loads them, as a user would load their own."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from pydantic import Field

from home.command_line import parse
from home.context import Context
from home.contracts import Request, Response
from home.text import table
from ingest.contracts import IngestReport

MAKING = 0.2  # share of the whole that making the exports takes, measured


class SampleRequest(Request):
    """Which company to make."""

    scale: float = Field(default=1.0, gt=0, le=10)
    """More or fewer cases, with the same staff."""
    seed: int = 7
    """Another seed gives another company with the same truths."""


class Sample(Response):
    """What was made and loaded."""

    folder: str
    """Where the exports are."""
    logs: list[IngestReport]
    """The report of the last source of each log."""

    def lines(self) -> Iterator[str]:
        """One line per log, then where the files are."""
        columns = ("log", "status", "cases", "events", "activities", "variants")
        yield from table([log.model_dump() for log in self.logs], columns)
        yield f"The exports they were read from are in {self.folder}."


def sample(context: Context, request: SampleRequest) -> Sample:
    """Make the exports of a small company and load them: four processes, six sources, 26 weeks.

    What is planted in it is written down in the folder's README. Loading it again changes nothing.
    """
    from ingest.commands import COMMANDS

    generate = _company("generate").generate
    ingest = next(command for command in COMMANDS if command.name == "ingest")
    context.job.progress(0.0, "Making the sample company")
    made = generate(context.home / "sample", seed=request.seed, scale=request.scale)
    reports: dict[str, IngestReport] = {}
    for number, source in enumerate(made.sources):
        share = MAKING + (1 - MAKING) * number / len(made.sources)
        context.job.progress(share, f"Loading {source.file} into {source.log}")
        wanted = parse(ingest, source.arguments_in(made.folder)[1:])
        if source.log not in reports:  # the first source of a log takes the place of an older sample
            wanted = wanted.model_copy(update={"replace": not wanted.append})
        reports[source.log] = ingest.function(context, wanted)
    context.job.progress(1.0, "Loaded")
    return Sample(folder=str(made.folder), logs=list(reports.values()))


def _company(module: str) -> Any:
    """A module of the sample company: inside the package once installed, `data` in a checkout."""
    try:
        return import_module(f"ingest.sample_company.{module}")
    except ModuleNotFoundError:
        return import_module(f"data.{module}")

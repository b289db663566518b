"""`baton catalogue`: what steps can be made of, searched by meaning, and what fits a step."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from home.context import Context
from home.contracts import Argument, Request, Response
from home.text import plain
from orchestrate.catalogue.entries import entries
from orchestrate.catalogue.entry import Entry
from orchestrate.catalogue.search import ranked
from orchestrate.contracts import Step

FITS = ("connector", "operation", "model")
"""Kinds that a step is bound to; plans and components are called instead."""
UNFIT = ("cancel", "human", "manual", "sandbox")
"""Connectors that no name of a step suggests: its author wants them, or nobody."""


class CatalogueRequest(Request):
    """What to look for."""

    words: Annotated[list[str], Argument("WORDS")] = []
    """What the step shall do, in your words; without any, everything is listed."""
    kind: str | None = None
    """Only one kind: connector, operation, model, plan or component."""
    limit: int = Field(default=20, ge=1, le=1000)
    """Most entries to list."""


class Catalogue(Response):
    """What was found, the best answer first."""

    rows: list[Entry]

    def lines(self) -> Iterator[str]:
        """Each entry with what it is for and how a step is made of it."""
        if not self.rows:
            yield "Nothing in the catalogue answers to that. Leave the words out to see everything."
        for row in self.rows:
            yield plain(f"{row.name} ({row.kind}): {row.purpose}")
            if row.kind != "connector" and (row.inputs or row.outputs):
                takes, gives = ", ".join(row.inputs) or "nothing", ", ".join(row.outputs) or "nothing"
                yield plain(f"    from {takes} to {gives}")
            yield plain(f"    {row.use}")


def catalogue(context: Context, request: CatalogueRequest) -> Catalogue:
    """Search connectors, operations of OpenAPI documents, models, published plans and components.

    The words need not be those of the entry: endings, common synonyms and slips of the pen are seen
    through. Nothing is asked of a network, except for documents that `[apis.NAME]` names by URL.
    """
    found = [entry for entry in entries(context) if request.kind in (None, entry.kind)]
    if request.words:
        found = search(" ".join(request.words), found)
    return Catalogue(rows=found[: request.limit])


def search(question: str, found: Sequence[Entry]) -> list[Entry]:
    """The entries that answer a question, the best first."""
    return [found[index] for index, _ in ranked(question, [_parts(entry) for entry in found])]


def fitting(context: Context, step: Step, most: int = 3) -> list[Entry]:
    """What a step could be bound to, the best first: by its name, purpose, system, and what it gives."""
    known = [e for e in entries(context) if e.kind in FITS and e.name not in UNFIT]
    wanted = " ".join((step.name, step.name, step.purpose, step.system or "", step.does, *step.outcomes))
    return search(wanted, known)[:most]


def _parts(entry: Entry) -> Mapping[float, str]:
    return {
        3.0: f"{entry.name} {' '.join(entry.verbs)}",
        2.0: " ".join(entry.systems),
        1.5: entry.purpose,
        1.0: " ".join((*entry.inputs, *entry.outputs)) if entry.kind != "connector" else "",
    }

"""Recipes: mapping files for systems that many have, shipped to be used, or copied and changed."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from home.context import Context
from home.contracts import Argument, Contract, FileResponse, Option, OutputFile, Request
from home.errors import UsageError, unknown
from home.text import plain

PREFIX = "recipe:"
"""How a request names one: `--mapping recipe:jira`."""


class RecipesRequest(Request):
    """Which recipe to show; without a name they are listed."""

    name: Annotated[str | None, Argument("NAME")] = None
    """A recipe; without it all are listed."""
    output: Annotated[str | None, Option(("-o", "--output"), "FILE"), OutputFile()] = None
    """File to copy the recipe to, to be changed."""


class RecipeRow(Contract):
    """One recipe."""

    recipe: str
    reads: str
    """Which system's data it makes an event log of, and how."""


class Recipes(FileResponse):
    """The recipes there are, or the text of one."""

    rows: tuple[RecipeRow, ...]

    def lines(self) -> Iterator[str]:
        """The text of the one that was asked for, where it went, or a table."""
        if self.path is not None:
            yield plain(f"Copied to {self.path}: change it, and use it with --mapping {self.path}")
        elif self.content is not None:
            yield from map(plain, self.content.splitlines())
        else:
            width = max((len(row.recipe) for row in self.rows), default=0)
            yield from (plain(f"{row.recipe.ljust(width)}  {row.reads}") for row in self.rows)
            yield "`baton recipes NAME -o FILE` copies one; `baton ingest … --mapping recipe:NAME` uses it."


def recipes(context: Context, request: RecipesRequest) -> Recipes:  # noqa: ARG001
    """List the recipes, show one, or copy it.

    A recipe is a mapping file: it says how a well-known system's export becomes an event log, down to
    the query that joins its tables. `--mapping recipe:NAME` uses one as it is; a copy can be changed.
    """
    shipped = _shipped()
    if request.name is None:
        if request.output is not None:
            raise UsageError("Which recipe is to be copied?", hint=f"One of {', '.join(shipped)}.")
        rows = tuple(RecipeRow(recipe=name, reads=_about(file)) for name, file in shipped.items())
        return Recipes(rows=rows)
    file = _named(request.name)
    rows = (RecipeRow(recipe=request.name, reads=_about(file)),)
    return Recipes(rows=rows, content=file.read_text(encoding="utf-8"))


def recipe_path(name: str) -> Path:
    """The file of a shipped recipe; raises `NotFound` with the nearest names."""
    return Path(str(_named(name)))


def _named(name: str) -> Traversable:
    shipped = _shipped()
    if name not in shipped:
        raise unknown("recipe", name, list(shipped), listing="baton recipes")
    return shipped[name]


def _shipped() -> dict[str, Traversable]:
    folder = files("ingest") / "recipes"
    found = {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir()}
    return {name: found[name] for name in sorted(found) if found[name].name.endswith(".toml")}


def _about(file: Traversable) -> str:
    """The first line of a recipe, which says what it reads."""
    first, _, _ = file.read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("#").strip()

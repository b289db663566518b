"""Finds connectors by the entry-point group `baton.connectors`; Baton's own come through the same door."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from home.context import Context
from home.contracts import Nothing, Response
from home.errors import unknown
from orchestrate.connectors.options import meanings
from orchestrate.connectors.port import Connector

GROUP = "baton.connectors"
Factory = Callable[[Context], Connector]


@cache
def installed() -> dict[str, EntryPoint]:
    """Every connector that some installed package registers, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def find_connector(name: str) -> Any:
    """The class called `name`; raises `NotFound` with the nearest names."""
    if name not in installed():
        raise unknown("connector", name, list(installed()), listing="baton connectors")
    return installed()[name].load()


def open_connectors(context: Context) -> dict[str, Connector]:
    """One object of every connector, for the life of a worker."""
    factories: dict[str, Factory] = {name: entry.load() for name, entry in installed().items()}
    return {name: factory(context) for name, factory in factories.items()}


async def close_connectors(connectors: Iterable[Connector]) -> None:
    """Let go of what connectors hold in this event loop, such as connections to brokers."""
    for connector in connectors:
        close: Callable[[], Awaitable[None]] | None = getattr(connector, "close", None)
        if close is not None:
            await close()


class ConnectorRow(Response):
    """One way in which a step can reach the world."""

    connector: str
    summary: str
    settings: dict[str, str]
    """What a binding may set, and what that means."""
    package: str
    """The package that brings it."""


class ConnectorList(Response):
    """Every connector."""

    connectors: list[ConnectorRow]

    def lines(self) -> Iterator[str]:
        """Each connector with its settings."""
        for row in self.connectors:
            yield f"{row.connector}: {row.summary}"
            for name, meaning in row.settings.items():
                yield f"    {name:<14} {meaning}"


def connectors(context: Context, request: Nothing) -> ConnectorList:  # noqa: ARG001
    """The ways in which steps can be bound to systems and people, with what each can be set to.

    `baton bind PLAN STEP CONNECTOR` binds a step. Other packages add connectors through the
    entry-point group `baton.connectors`.
    """
    rows = []
    for name, entry in installed().items():
        found: Any = entry.load()
        rows.append(
            ConnectorRow(
                connector=name,
                summary=found.summary,
                settings=meanings(found.options),
                package=entry.dist.name if entry.dist else "",
            )
        )
    return ConnectorList(connectors=rows)

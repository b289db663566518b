"""Finds the adapters: every entry point of the group `baton.adapters`, Baton's own among them."""

import logging
from functools import cache
from importlib.metadata import entry_points

from home.errors import unknown
from ingest.adapter import Adapter, Content
from ingest.contracts import Finding
from ingest.errors import IngestError, Unfit

GROUP = "baton.adapters"


@cache
def adapters() -> dict[str, Adapter]:
    """Every adapter by name, in alphabetical order, but for those that cannot be loaded."""
    found = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            found[entry.name] = entry.load()()
        except Exception as error:  # noqa: BLE001 - another package's fault must not stop every load
            broken()[entry.name] = f"{type(error).__name__}: {error}"
            logging.getLogger(__name__).warning("The adapter %s cannot be loaded: %s", entry.name, error)
    return found


@cache
def broken() -> dict[str, str]:
    """Adapters that cannot be loaded, and why."""
    return {}


def choose(content: Content, name: str | None) -> Adapter:
    """The adapter called `name`, or the one that recognises the content.

    Raises `NotFound` for an unknown name, `Unfit` when no adapter reads such content.
    """
    known = adapters()
    if name is not None:
        if name in broken():
            raise IngestError(
                f"The adapter {name!r} cannot be loaded: {broken()[name]}.",
                hint="Install its package again, or leave --adapter out.",
            )
        if name not in known:
            raise unknown("adapter", name, list(known), listing="baton adapters")
        if content.members and not getattr(known[name], "several", False):
            raise _several(content)
        return known[name]
    able = {k: a for k, a in known.items() if not content.members or getattr(a, "several", False)}
    sure, best = max(((adapter.recognises(content), key) for key, adapter in able.items()), default=(0, ""))
    if sure == 0 and content.members:
        raise _several(content)
    if sure == 0:
        raise Unfit(
            "format",
            f"{content.name}: no adapter reads this kind of content.",
            hint="`baton adapters` lists what can be read; --adapter NAME chooses one.",
        )
    return known[best]


def _several(content: Content) -> Unfit:
    listed = ", ".join(content.members[:5]) + (", …" if len(content.members) > 5 else "")
    return Unfit(
        "members",
        f"{content.name} has {len(content.members):,} members ({listed}); which one is the log?",
        hint="Take the one you mean out, or join them: a recipe names them under [tables] (`baton recipes`).",
    )


def misnamed(content: Content, adapter: Adapter) -> Finding | None:
    """A finding when the file's name is one of another adapter's."""
    name = content.name.lower().removesuffix(".gz")
    others = [a for a in adapters().values() if a.name != adapter.name]
    suffix = next((s for a in others for s in a.suffixes if name.endswith(s)), None)
    if content.path is None or suffix is None or name.endswith(adapter.suffixes):
        return None
    message = f"{content.name} is called {suffix}, but its content is read by the adapter {adapter.name}."
    return Finding(code="name_and_content", severity="warning", count=1, message=message, where=content.name)

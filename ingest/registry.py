"""Finds the adapters: every entry point of the group `baton.adapters`, Baton's own among them."""

from functools import cache
from importlib.metadata import entry_points

from home.errors import unknown
from ingest.adapter import Adapter, Content
from ingest.contracts import Finding
from ingest.errors import Unfit

GROUP = "baton.adapters"


@cache
def adapters() -> dict[str, Adapter]:
    """Every adapter by name, in alphabetical order."""
    found = {entry.name: entry.load() for entry in entry_points(group=GROUP)}
    return {name: found[name]() for name in sorted(found)}


def choose(content: Content, name: str | None) -> Adapter:
    """The adapter called `name`, or the one that recognises the content.

    Raises `NotFound` for an unknown name, `Unfit` when no adapter reads such content.
    """
    known = adapters()
    if name is not None:
        if name not in known:
            raise unknown("adapter", name, list(known), listing="baton adapters")
        return known[name]
    sure, best = max(((adapter.recognises(content), key) for key, adapter in known.items()), default=(0, ""))
    if sure == 0:
        raise Unfit(
            "format",
            f"{content.name}: no adapter reads this kind of content.",
            hint="`baton adapters` lists what can be read; --adapter NAME chooses one.",
        )
    return known[best]


def misnamed(content: Content, adapter: Adapter) -> Finding | None:
    """A finding when the file's name is one of another adapter's."""
    name = content.name.lower().removesuffix(".gz")
    others = [a for a in adapters().values() if a.name != adapter.name]
    suffix = next((s for a in others for s in a.suffixes if name.endswith(s)), None)
    if content.path is None or suffix is None or name.endswith(adapter.suffixes):
        return None
    message = f"{content.name} is called {suffix}, but its content is read by the adapter {adapter.name}."
    return Finding(code="name_and_content", severity="warning", count=1, message=message, where=content.name)

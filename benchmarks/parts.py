"""What there is to measure: each part is a module `ROOM_NAME`, whose `sized(events)` or `run()` give rows."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

import benchmarks
from benchmarks.measuring import Row

QUICK = {"mining": 5_000, "ingest": 5_000, "engine": 20}
"""The rooms, and what a trial of their parts is sized: events, or runs."""


def known() -> list[str]:
    """The parts there are, room by room."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return [name for room in QUICK for name in names if name.startswith(f"{room}_")]


def sizes(part: str, largest: int | None = None, *, quick: bool = False) -> tuple[int | None, ...]:
    """The sizes that a part is measured with: its `SIZES`, of which `largest` takes the place of the last.

    None stands for its usual one.
    """
    if quick:
        return (QUICK[part.partition("_")[0]],)
    usual: tuple[int, ...] = getattr(_module(part), "SIZES", ())
    return (*usual[:-1], largest) if usual and largest else usual or (None,)


def measure(part: str, size: int | None) -> list[Row]:
    """The rows of a part."""
    module: Any = _module(part)
    found: list[Row] = module.run() if size is None or not hasattr(module, "sized") else module.sized(size)
    return found


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")

"""Everything that is measured about bringing logs in, in one table.

    python -m benchmarks.ingest [--size 1000000] [files xes merge postgresql]

Each line is a ratio within one run on one machine: CPU time, that of child processes included.
"""

import argparse
import importlib
import pkgutil

import benchmarks
from benchmarks.table import show

PREFIX = "ingest_"


def parts() -> list[str]:
    """The benchmarks there are, by the name of their module without its prefix."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000, help="events in the larger files")
    parser.add_argument("parts", nargs="*", help=f"some of: {' '.join(parts())}")
    asked = parser.parse_args()
    for part in asked.parts or parts():
        module = importlib.import_module(f"benchmarks.{PREFIX}{part}")
        sized = getattr(module, "sized", None)
        show(sized(asked.size) if sized else module.run())

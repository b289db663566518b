"""Everything that is measured about running plans, in one table.

    python -m benchmarks.engine [--runs 2000] [steps workers parked temporal]

Each line is a ratio within one run on one machine. Of a busy machine only CPU and its ratios count.
"""

import argparse
import importlib
import pkgutil

import benchmarks
from benchmarks.table import show

PREFIX = "engine_"


def parts() -> list[str]:
    """The benchmarks there are, by the name of their module without its prefix."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, help="runs in each part, where it is not its own usual number")
    parser.add_argument("parts", nargs="*", help=f"some of: {' '.join(parts())}")
    asked = parser.parse_args()
    for part in asked.parts or parts():
        module = importlib.import_module(f"benchmarks.{PREFIX}{part}")
        if rows := module.sized(asked.runs) if asked.runs else module.run():
            show(rows)

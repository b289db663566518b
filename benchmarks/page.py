"""Writes what was measured as a page: where and when, how to read it, and the table."""

import os
import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import Row
from benchmarks.table import markdown

TOLD = ("duckdb", "pandas", "pyarrow", "pm4py", "r4pm", "numpy", "sqlalchemy", "psycopg")

HEAD = """# Benchmarks

Written by `make bench`. What counts in a line is its ratio: CPU time of Baton, that of child processes
included, over that of what it is compared with, on the same data in one run, each in a process of its own.
Where both give an answer, the two are compared before anything is written down. Absolute times are those of
this machine and whatever else it did meanwhile; wall times suffer from that most.

- **The generated log** comes from a seed (`python -m benchmarks.generated`): branches, loops, rework, steps
  that overlap, resources, attributes, and a long tail of variants. Its lines with fewer than 10 million
  events have no aim: there, starting a query is a good part of it.
- **PM4Py** works on a DataFrame that is loaded, formatted and sorted before its time starts.
- **A scan of four columns** reads and adds up activity, next activity, end and next start of every activity
  instance in DuckDB, from a file that the process has not read before.
- **Peak MB** is the most that the process held, libraries included; **with children** is what it and its
  children held at one moment, sampled.
"""


def page(rows: Iterable[Row], failed: Iterable[str] = ()) -> str:
    """The whole page in Markdown."""
    found = list(rows)
    aimed = [row for row in found if row.aims]
    missed = [row for row in aimed if not row.met]
    told = [HEAD, "## Where and when\n", *machine(), "\n## What was measured\n"]
    told.append(f"{len(aimed) - len(missed)} of {len(aimed)} aims are met.\n")
    told += markdown(found)
    if missed:
        told += ["\n## What is missed\n", *(f"- {row.what}: {_short(row)}" for row in missed)]
    problems = list(failed)
    if problems:
        told += ["\n## What was not measured\n", *(f"- {problem}" for problem in problems)]
    return "\n".join(told) + "\n"


def machine() -> Iterator[str]:
    """Processor, memory, kernel, versions and the date, one line each."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"- {datetime.now(UTC):%Y-%m-%d}"
    yield f"- {models[0] if models else platform.machine()}, {os.cpu_count()} cores, {gigabytes:.0f} GB"
    yield f"- {platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield "- " + ", ".join(f"{name} {version(name)}" for name in TOLD)


def _short(row: Row) -> str:
    told = [*map(str, row.figures), *filter(None, [row.told_ratio])]
    told += [f"{row.cost.peak_with_children_mb:.0f} MB"] if row.below_mb else []
    told += [f"{row.cost.cpu_s:.2f} cpu s"] if row.below_cpu_s else []
    return f"{', '.join(told)}, where {' and '.join(row.aims)} is aimed at"

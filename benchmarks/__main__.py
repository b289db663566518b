"""Everything that is measured, in one table and on one page.

    python -m benchmarks [--events 50000000] [--quick] [--kept FILE] [--page FILE] [PART …]

Each line is a ratio within one run on one machine: CPU time, that of child processes included. `--quick` only
tries whether everything runs: on a few thousand events, in one process, and its figures mean nothing. A long
run that was broken off goes on where it was with `--kept FILE`, which holds what was measured.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks import measuring, parts
from benchmarks.measuring import Cost, Figure, Row
from benchmarks.page import page
from benchmarks.table import show


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for, show it, and write the page; 1 where a part could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, help="events in the largest generated log")
    parser.add_argument("--quick", action="store_true", help="only try whether everything runs")
    parser.add_argument("--kept", type=Path, help="a file with what was measured so far")
    parser.add_argument("--page", type=Path, help="write the table as a page")
    parser.add_argument("parts", nargs="*", help=f"some of: {' '.join(parts.known())}")
    asked = parser.parse_args(arguments)
    measuring.apart = not asked.quick
    rows: list[Row] = []
    failed: list[str] = []
    kept = _read(asked.kept)
    for part in asked.parts or parts.known():
        for size in parts.sizes(part, asked.events, quick=asked.quick):
            name = f"{part} {size}"
            if name not in kept:
                try:
                    kept[name] = parts.measure(part, size)
                except Exception as error:  # noqa: BLE001  # a part that cannot run is told, the others go on
                    failed.append(f"{part} was not measured: {type(error).__name__}: {error}")
                    sys.stderr.write(f"{failed[-1]}\n")
                    continue
                _write(asked.kept, kept)
            rows += kept[name]
            show(kept[name])
    if asked.page:
        asked.page.write_text(page(rows, failed), encoding="utf-8")
    return 1 if failed else 0


def _read(file: Path | None) -> dict[str, list[Row]]:
    if file is None or not file.exists():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))
    return {name: [_row(told) for told in rows] for name, rows in found.items()}


def _row(told: dict[str, object]) -> Row:
    costs = {name: Cost(**told[name]) for name in ("cost", "baseline") if told[name]}  # type: ignore[arg-type]
    figures = tuple(Figure(**figure) for figure in told["figures"])  # type: ignore[attr-defined]
    return Row(**{**told, **costs, "figures": figures})  # type: ignore[arg-type]


def _write(file: Path | None, kept: dict[str, list[Row]]) -> None:
    if file is None:
        return
    told = {name: [_bare(asdict(row)) for row in rows] for name, rows in kept.items()}
    file.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _bare(told: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """A row without the answers, which were compared and may be large."""
    for cost in (told["cost"], told["baseline"]):
        if cost:
            cost["answer"] = None
    return told


if __name__ == "__main__":
    sys.exit(main())

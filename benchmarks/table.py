"""Shows what was measured, as a table for people and for a page."""

from collections.abc import Iterable

from benchmarks.measuring import Row

HEAD = ("what", "cpu s", "wall s", "peak MB", "with children", "against", "cpu s", "ratio", "aim", "")


def show(rows: Iterable[Row]) -> None:
    """One line per row: its cost, that of its baseline, their ratio, and whether it is what is aimed at."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(),
            flush=True,
        )


def markdown(rows: Iterable[Row]) -> list[str]:
    """The same as the lines of a Markdown table."""
    lines = [HEAD, tuple("---" for _ in HEAD), *map(cells, rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def cells(row: Row) -> tuple[str, ...]:
    """What stands in the line of a row."""
    cost, base = row.cost, row.baseline
    return (
        "; ".join([row.what, *map(str, row.figures)]),
        f"{cost.cpu_s:.3f}" if cost.cpu_s < 1 else f"{cost.cpu_s:.2f}",
        f"{cost.wall_s:.2f}",
        f"{cost.peak_mb:.0f}",
        f"{cost.peak_with_children_mb:.0f}",
        row.against,
        "" if base is None else f"{base.cpu_s:.3f}" if base.cpu_s < 1 else f"{base.cpu_s:.2f}",
        row.told_ratio,
        " and ".join(row.aims),
        "" if not row.aims else "met" if row.met else "MISSED",
    )

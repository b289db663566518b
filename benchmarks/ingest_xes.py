"""XES, strictly, against PM4Py's own readers: its default one, and its traditional `iterparse`.

python -m benchmarks.ingest_xes [--events 400000] [--seed 7]

PM4Py takes a Rust library as its default where one can be imported (`rustxes`, or `r4pm` with polars), and
a reader of its own where none can; the table says which it was. `chunk_regex` is its fastest own one.
"""

import argparse
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks.ingest_files import STEPS, ingested
from benchmarks.measuring import Row, measured
from benchmarks.table import show

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- This file has been generated. -->
<log xes.version="1.0" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
\t<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
\t<global scope="event">
\t\t<string key="concept:name" value="name"/>
\t</global>
\t<classifier name="Activity" keys="concept:name"/>
"""


def write_xes(path: Path, events: int, seed: int) -> None:
    """A log as the usual tools write one: five or six attributes per event, two per trace, indented."""
    dice = Random(seed)
    at, done, case = 1_500_000_000, 0, 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        while done < events:
            case += 1
            file.write(f'\t<trace>\n\t\t<string key="concept:name" value="case {case}"/>\n')
            file.write(f'\t\t<int key="AMOUNT_REQ" value="{dice.randrange(100_000)}"/>\n')
            for _ in range(min(dice.randrange(4, 30), events - done)):
                done, at = done + 1, at + dice.randrange(60)
                file.write(_event(dice, at))
            file.write("\t</trace>\n")
        file.write("</log>\n")


def _event(dice: Random, at: int) -> str:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")
    lines = [
        f'<string key="org:resource" value="User_{dice.randrange(60)}"/>',
        '<string key="lifecycle:transition" value="complete"/>',
        f'<string key="concept:name" value="{dice.choice(STEPS)}"/>',
        f'<date key="time:timestamp" value="{moment}"/>',
        f'<boolean key="urgent" value="{"true" if dice.random() < 0.1 else "false"}"/>',
    ]
    if dice.random() < 0.7:
        lines.append(f'<float key="cost:total" value="{dice.random() * 100:.2f}"/>')
    inside = "".join(f"\t\t\t{line}\n" for line in lines)
    return f"\t\t<event>\n{inside}\t\t</event>\n"


def ours(path: str) -> Iterator[int]:
    """Our reader, to the last chunk."""
    from ingest.adapter import HEAD as SHOWN
    from ingest.adapter import Content, Options
    from ingest.adapters.xes import XesAdapter

    file = Path(path)
    with file.open("rb") as opened:
        content = Content(file.name, file, file.stat().st_size, head=opened.read(SHOWN))
    yield 0
    yield sum(chunk.events.num_rows for chunk in XesAdapter().read(content, Options()).chunks)


def theirs(path: str, variant: str | None) -> Iterator[list[object]]:
    """PM4Py's reader to a data frame: `variant`, or the default."""
    import warnings

    import pm4py
    from pm4py.util import constants

    warnings.simplefilter("ignore")
    constants.SHOW_PROGRESS_BAR = False
    yield []
    if variant is None:
        try:
            yield [len(pm4py.read_xes(path)), "Rust"]
            return
        except ImportError:
            variant = constants.DEFAULT_XES_PARSER
    yield [len(pm4py.read_xes(path, variant=variant)), variant]


def sized(events: int, seed: int = 7) -> list[Row]:
    """The rows of this benchmark for a log of so many events, at most 400,000."""
    events = min(events, 400_000)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/orders.xes"
        write_xes(Path(path), events, seed)
        cost, whole = measured(ours, path), measured(ingested, path, folder, "512MB")
        usual, slow, quick = (measured(theirs, path, v) for v in (None, "iterparse", "chunk_regex"))
    for found in (cost.answer, whole.answer, usual.answer[0], slow.answer[0], quick.answer[0]):
        if found != events:
            raise ValueError(f"{found:,} of {events:,} events were read")
    what, default = f"xes, {events:,} events", f"pm4py default ({usual.answer[1]})"
    return [
        Row(f"{what}, reading", cost, default, usual, at_most=4.0, below_mb=400.0),
        Row(f"{what}, reading", cost, "pm4py iterparse", slow, faster=3.0),
        Row(f"{what}, reading", cost, "pm4py chunk_regex", quick, at_most=4.0),
        Row(
            f"{what}, to layout",
            whole,
            f"pm4py default ({usual.answer[1]})",
            usual,
            at_most=4.0,
            below_mb=400.0,
        ),
    ]


def run() -> list[Row]:
    """The rows of this benchmark at its usual size."""
    return sized(400_000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    show(sized(asked.events, asked.seed))

"""The claims desk's export: gzipped XES with typed attributes and a start and a complete of each step."""

import gzip
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from xml.sax.saxutils import quoteattr

from ..company.calendars import local
from ..company.process import Process
from ..company.simulation import Case, Instance

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
\t<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
\t<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
\t<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
\t<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
\t<extension name="Cost" prefix="cost" uri="http://www.xes-standard.org/cost.xesext"/>
\t<global scope="trace">
\t\t<string key="concept:name" value=""/>
\t</global>
\t<global scope="event">
\t\t<string key="concept:name" value=""/>
\t\t<string key="lifecycle:transition" value="complete"/>
\t\t<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>
\t</global>
\t<classifier name="Activity" keys="concept:name"/>
\t<string key="concept:name" value="Claims"/>
"""


def write_claims(process: Process, path: Path) -> None:
    """Write one trace per claim; times carry their offset, and equal seeds give equal bytes."""
    by_case: dict[Case, list[Instance]] = {}
    for done in process.recorded():
        by_case.setdefault(done.case, []).append(done)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        TextIOWrapper(packed, encoding="utf-8", newline="\n") as file,
    ):
        file.write(HEADER)
        for case, steps in by_case.items():
            file.writelines(_trace(case, steps))
        file.write("</log>\n")


def _trace(case: Case, steps: list[Instance]) -> Iterator[str]:
    claim = case.attributes
    yield "\t<trace>\n"
    yield _attribute("string", "concept:name", case.id)
    yield _attribute("string", "kind", claim["kind"])
    yield _attribute("float", "amount", claim["amount"])
    yield _attribute("boolean", "total_loss", str(claim["total_loss"]).lower())
    yield _attribute("int", "policy_years", claim["policy_years"])
    for done in steps:
        if done.worker:
            yield from _event(done, "start", done.start)
        yield from _event(done, "complete", done.end)
    yield "\t</trace>\n"


def _event(done: Instance, transition: str, at: int) -> Iterator[str]:
    yield "\t\t<event>\n"
    yield _attribute("string", "concept:name", done.activity, depth=3)
    yield _attribute("string", "lifecycle:transition", transition, depth=3)
    yield _attribute("date", "time:timestamp", local(at).isoformat(), depth=3)
    yield _attribute("string", "org:resource", done.resource, depth=3)
    if done.worker:
        yield _attribute("string", "org:role", done.worker.role, depth=3)
    if transition == "complete":
        if done.worker:
            yield _attribute("float", "cost:total", done.cost, depth=3)
        if "outcome" in done.data:
            yield _attribute("string", "outcome", done.data["outcome"], depth=3)
    yield "\t\t</event>\n"


def _attribute(kind: str, key: str, value: object, depth: int = 2) -> str:
    tabs = "\t" * depth
    return f'{tabs}<{kind} key="{key}" value={quoteattr(str(value))}/>\n'

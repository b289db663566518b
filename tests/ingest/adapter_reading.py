"""Reads a source by its adapter alone, without loading it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.adapter import Aside, Limits, Options
from ingest.contracts import Finding
from ingest.decode import opened
from ingest.registry import choose


@dataclass
class Read:
    """What an adapter handed on."""

    adapter: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    columns: tuple[str, ...] | None = None

    @property
    def codes(self) -> list[str]:
        """Codes of the findings."""
        return [finding.code for finding in self.findings]


def read(path: Path, adapter: str | None = None, limits: Limits | None = None, **options: Any) -> Read:
    """Every row of a source; values that are absent are left out."""
    limits = limits or Limits()
    with opened(path, limits, path.parent / "scratch") as content:
        chosen = choose(content, adapter)
        reading = chosen.read(content, Options(limits=limits, **options))
        found = Read(chosen.name, columns=reading.columns)
        for chunk in reading.chunks:
            for batch, kept in ((chunk.events, found.rows), (chunk.cases, found.cases)):
                if batch is not None:
                    kept += [{k: v for k, v in row.items() if v is not None} for row in batch.to_pylist()]
            found.aside += chunk.aside
        found.findings = [*content.findings, *reading.findings]
    return found

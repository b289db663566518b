"""What a load answers: the log as it is now, and what became of the source."""

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.contracts import Finding, IngestReport, Status

SIZES = ("cases", "events", "instances", "activities", "variants", "instance_variants")


def status_of(findings: Sequence[Finding]) -> Status:
    """The outcome that the findings come to."""
    severities = {f.severity for f in findings}
    return "quarantine" if "error" in severities else "ok_warn" if "warning" in severities else "ok"


def in_words(log: Mapping[str, Any], name: str, counts: Mapping[str, int]) -> str:
    """How much of the source `name` came in; `counts` has seen, loaded and set_aside."""
    aside = f", {counts['set_aside']:,} set aside" if counts["set_aside"] else ""
    return f"{name}: {counts['loaded']:,} of {counts['seen']:,} rows loaded into {log['name']}{aside}."


def report_of(
    log: Mapping[str, Any],
    counts: Mapping[str, int],
    findings: Sequence[Finding] = (),
    *,
    message: str,
) -> IngestReport:
    """The report of a load into `log`, its line in the catalog."""
    return IngestReport(
        log=log["name"],
        status=status_of(findings),
        **{name: log[name] for name in SIZES},
        **counts,
        first=log["first_at"],
        last=log["last_at"],
        findings=tuple(findings),
        message=message,
    )

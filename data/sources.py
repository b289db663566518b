"""What each export is called and how it is ingested: the commands of the README, as data."""

from dataclasses import dataclass
from pathlib import Path
from shlex import split


@dataclass(frozen=True)
class Source:
    """One export, and how it is ingested in the folder of the exports."""

    file: str
    log: str
    options: str
    """What follows `--log`, as typed in a shell."""

    @property
    def arguments(self) -> list[str]:
        """All arguments of `baton` that ingest this export."""
        return ["ingest", self.file, "--log", self.log, *split(self.options)]

    def arguments_in(self, folder: Path) -> list[str]:
        """The same from anywhere, for exports that lie in `folder`."""
        ingest, file, *rest = self.arguments
        found = [f"@{folder / part[1:]}" if part.startswith("@") else part for part in rest]
        return [ingest, str(folder / file), *found]


SOURCES = (
    Source(
        "erp.sqlite",
        "p2p",
        "--adapter sql_database --query @p2p.sql --system ERP --tz Europe/Berlin"
        " --map case_id=order_no --map activity=activity --map start=started_at --map timestamp=finished_at"
        " --map resource=user_name --map cost=cost --map case:amount=amount --map case:category=category"
        " --map case:cost_centre=cost_centre --map case:supplier=supplier",
    ),
    Source(
        "supplier_mail.csv",
        "p2p",
        "--append --system 'Supplier mail' --tz Europe/Berlin"
        " --map 'case_id=PO Number' --map activity=Kind --map timestamp=Received --map resource=From",
    ),
    Source(
        "payments.json",
        "p2p",
        "--append --records payments --system Payments --tz Europe/Berlin"
        " --map case_id=purchase_order --map activity=step --map start=started_at"
        " --map timestamp=executed_at --map resource=account",
    ),
    Source(
        "onboarding.csv",
        "onboarding",
        "--delimiter ';' --dates dmy --system 'Client desk' --tz Europe/Berlin"
        " --map case_id=Vorgangs-Nr. --map activity=Tätigkeit --map 'start=Beginn (Ortszeit)'"
        " --map 'timestamp=Ende (Ortszeit)' --map resource=Bearbeiter/in --map 'cost=Kosten in EUR'"
        " --map 'case:segment=Kunden Segment' --map case:risk=Risiko",
    ),
    Source("claims.xes.gz", "claims", "--system 'Claims desk' --tz Europe/Berlin"),
    Source(
        "support.json",
        "support",
        "--records issues --system Helpdesk --tz Europe/Berlin"
        " --map case_id=key --map activity=changelog.histories.items.toString"
        " --map timestamp=changelog.histories.created"
        " --map resource=changelog.histories.author.displayName"
        " --map case:priority=fields.priority.name --map case:product=fields.customfield_10021.value",
    ),
)
"""In the order in which they are to be ingested: the ERP before what is appended to it."""

"""Strange tables as real systems export them, each with what a careful person would map."""

# ruff: noqa: E501 - tables

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

STEPS = ("Receive order", "Check stock", "Approve", "Pick goods", "Ship", "Send invoice", "Receive payment")
PEOPLE = ("Lange", "Winter", "Sommer", "Berg", "Kaya")
T0 = datetime(2025, 3, 3, 8, 0)


@dataclass(frozen=True)
class Happened:
    """One event of the process behind every export."""

    case: int
    step: int
    start: datetime
    end: datetime
    who: str
    amount: float
    region: str


def events(cases: int = 60, seed: int = 1, *, by_time: bool = True) -> list[Happened]:
    """Orders that overlap: some skip the approval, some check the stock twice."""
    rng = Random(seed)
    found = []
    for case in range(cases):
        now = T0 + timedelta(hours=9 * case, minutes=rng.randrange(60))
        amount, region = round(rng.uniform(20, 4000), 2), rng.choice(("North", "South", "West"))
        steps = [s for s in range(len(STEPS)) if s != 2 or rng.random() < 0.6]
        if rng.random() < 0.2:
            steps.insert(2, 1)
        for step in steps:
            start = now + timedelta(minutes=rng.randrange(20, 2000))
            now = start + timedelta(minutes=rng.randrange(3, 90), seconds=rng.randrange(60))
            found.append(Happened(case, step, start, now, rng.choice(PEOPLE), amount, region))
    return sorted(found, key=lambda e: e.end) if by_time else found


@dataclass(frozen=True)
class Strange:
    """An export with the mapping that is true of it."""

    name: str
    content: bytes
    mapping: dict[str, str] = field(default_factory=dict)
    """Field to column, without attributes of the case."""
    of_case: frozenset[str] = frozenset()
    """Columns that are the same in every row of a case."""
    ambiguous: frozenset[str] = frozenset()
    """Columns whose dates can be read in two orders."""
    wide: tuple[str, ...] = ()
    """Columns of times, where a row is a whole case."""
    options: dict[str, Any] = field(default_factory=dict)
    """What has to be said to load it, beside the mapping file: decisions that no content can take."""
    cases: int = 0
    events: int = 0
    aside: int = 0


def table(
    header: Sequence[str], rows: Iterator[Sequence[Any]] | list[Sequence[Any]], delimiter: str = ","
) -> str:
    """Delimited text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def sap() -> Strange:
    """A German list from SAP: semicolons, decimal comma, Latin-1, a date order that days above 12 tell."""
    words = ("Auftrag erfaßt", "Bestand prüfen", "Freigabe", "Ware kommissioniert", "Lieferung gebucht",
             "Rechnung gestellt", "Zahlungseingang")  # fmt: skip
    rows = [
        (f"{45_000_000 + e.case:010d}", f"{10 * e.step:04d}", words[e.step], f"{e.end:%d.%m.%Y %H:%M:%S}",
         e.who.upper(), f"{e.amount:.2f}".replace(".", ","), "EUR", e.region)
        for e in events()
    ]  # fmt: skip
    header = ["Vertriebsbeleg", "Pos.", "Vorgang", "Erfaßt am", "Benutzer", "Nettowert", "Währg", "Gebiet"]
    return Strange(
        "sap.csv", table(header, rows, ";").encode("latin-1"),
        {"case_id": "Vertriebsbeleg", "activity": "Vorgang", "timestamp": "Erfaßt am", "resource": "Benutzer"},
        frozenset({"Nettowert", "Gebiet"}),
    )  # fmt: skip


def preamble() -> Strange:
    """A report with a title and a date above its header, and a footer below."""
    rows = [(e.case + 100, STEPS[e.step], f"{e.end:%Y-%m-%d %H:%M}", e.who) for e in events()]
    text = table(["Order No", "Step", "Done at", "Clerk"], rows)
    head = "Order history report\nPrinted 2025-06-30 by BI\n\n"
    return Strange(
        "report.csv", (head + text + f"{len(rows)} rows\n").encode(),
        {"case_id": "Order No", "activity": "Step", "timestamp": "Done at", "resource": "Clerk"}, aside=1,
    )  # fmt: skip


def servicenow() -> Strange:
    """Audit rows of one field: which ticket, from what to what, by whom, when."""
    rows = []
    before: dict[int, str] = {}
    for e in events():
        new = STEPS[e.step]
        rows.append(("incident", f"{e.case:032x}", "state", before.get(e.case, ""), new,
                     f"{e.end:%Y-%m-%d %H:%M:%S}", f"{e.who.lower()}@example.com"))  # fmt: skip
        before[e.case] = new
    header = [
        "tablename",
        "documentkey",
        "fieldname",
        "oldvalue",
        "newvalue",
        "sys_created_on",
        "sys_created_by",
    ]
    return Strange(
        "sys_audit.csv", table(header, rows).encode(),
        {"case_id": "documentkey", "activity": "newvalue", "timestamp": "sys_created_on",
         "resource": "sys_created_by"},
    )  # fmt: skip


def jira() -> Strange:
    """Jira's own CSV export: a row per issue, several columns of one name, times as words."""
    rng = Random(5)
    rows = []
    for n in range(80):
        created = T0 + timedelta(hours=5 * n)
        updated = created + timedelta(hours=rng.randrange(4, 900))
        resolved = updated - timedelta(hours=1)
        rows.append((f"fix part {n}", f"BAT-{n + 1}", 10_000 + n, "Bug" if n % 3 else "Story",
                     rng.choice(("Done", "Open", "In Progress")), rng.choice(("Major", "Minor")),
                     rng.choice(PEOPLE), f"{created:%d/%b/%y %I:%M %p}", f"{updated:%d/%b/%y %I:%M %p}",
                     f"{resolved:%d/%b/%y %I:%M %p}", "seen", "again"))  # fmt: skip
    header = ["Summary", "Issue key", "Issue id", "Issue Type", "Status", "Priority", "Assignee", "Created",
              "Updated", "Resolved", "Comment", "Comment"]  # fmt: skip
    return Strange(
        "jira.csv", table(header, rows).encode(), {"case_id": "Issue key"}, wide=("Created", "Resolved")
    )


def celonis() -> Strange:
    """An activity table as process mining suites keep it, with a sorting column and two languages."""
    german = ("Auftrag", "Bestand", "Freigabe", "Kommissionierung", "Versand", "Rechnung", "Zahlung")
    rows = [
        (f"800{e.case:012d}", german[e.step], STEPS[e.step], f"{e.end:%Y-%m-%d %H:%M:%S.000}", e.step * 10, e.who)
        for e in events()
    ]  # fmt: skip
    header = ["_CASE_KEY", "ACTIVITY_DE", "ACTIVITY_EN", "EVENTTIME", "_SORTING", "USER_NAME"]
    return Strange(
        "activities.csv", table(header, rows).encode(),
        {"case_id": "_CASE_KEY", "activity": "ACTIVITY_EN", "timestamp": "EVENTTIME", "resource": "USER_NAME"},
    )  # fmt: skip


def salesforce() -> Strange:
    """The history of a field in Salesforce: ids of 18 letters, of the row and of the case."""
    before: dict[int, str] = {}
    rows = []
    for n, e in enumerate(events()):
        rows.append((f"017{n:015d}", f"500{e.case:015d}AAA"[:18], "Status", before.get(e.case, "New"),
                     STEPS[e.step], f"005{PEOPLE.index(e.who):015d}", f"{e.end:%Y-%m-%dT%H:%M:%S.000+0000}"))  # fmt: skip
        before[e.case] = STEPS[e.step]
    header = ["Id", "CaseId", "Field", "OldValue", "NewValue", "CreatedById", "CreatedDate"]
    return Strange(
        "CaseHistory.csv", table(header, rows).encode(),
        {"case_id": "CaseId", "activity": "NewValue", "timestamp": "CreatedDate", "resource": "CreatedById"},
    )  # fmt: skip


def camel() -> Strange:
    """Camel case with start and end, and an id of the row."""
    rows = [
        (n, f"req-{e.case}", STEPS[e.step], f"{e.start:%Y-%m-%dT%H:%M:%SZ}", f"{e.end:%Y-%m-%dT%H:%M:%SZ}",
         e.who, e.region, e.amount)
        for n, e in enumerate(events(by_time=False))
    ]  # fmt: skip
    header = [
        "rowId",
        "requestId",
        "taskName",
        "startedAt",
        "completedAt",
        "assignedTo",
        "region",
        "orderAmount",
    ]
    return Strange(
        "tasks.csv", table(header, rows).encode(),
        {"case_id": "requestId", "activity": "taskName", "start": "startedAt", "timestamp": "completedAt",
         "resource": "assignedTo"},
        frozenset({"region", "orderAmount"}),
    )  # fmt: skip


def french() -> Strange:
    """French headers, dates day first, tabs."""
    words = ("Commande reçue", "Stock vérifié", "Validée", "Préparée", "Expédiée", "Facturée", "Payée")
    rows = [
        (f"CMD{e.case:05d}", words[e.step], f"{e.end:%d/%m/%Y %H:%M}", f"{e.who.lower()}", e.region)
        for e in events()
    ]  # fmt: skip
    return Strange(
        "suivi.tsv", table(["N° dossier", "Étape", "Date et heure", "Responsable", "Région"], rows, "\t").encode(),
        {"case_id": "N° dossier", "activity": "Étape", "timestamp": "Date et heure", "resource": "Responsable"},
        frozenset({"Région"}),
    )  # fmt: skip


def japanese() -> Strange:
    """Japanese headers and values in Shift-JIS's successor UTF-8 with a mark, dates with slashes."""
    words = ("受注", "在庫確認", "承認", "ピッキング", "出荷", "請求書発行", "入金")
    rows = [(f"A{e.case:04d}", words[e.step], f"{e.end:%Y/%m/%d %H:%M:%S}", e.who) for e in events()]
    return Strange(
        "注文.csv", table(["注文番号", "作業", "完了日時", "担当者"], rows).encode("utf-8-sig"),
        {"case_id": "注文番号", "activity": "作業", "timestamp": "完了日時", "resource": "担当者"},
    )  # fmt: skip


def nameless() -> Strange:
    """Headers that say nothing: only the rows tell what is what."""
    rows = [
        (n + 1, e.region, f"{7000 + e.case}-{e.case % 7}", e.who, STEPS[e.step], f"{e.end:%Y-%m-%d %H:%M:%S}")
        for n, e in enumerate(events())
    ]
    return Strange(
        "dump.csv", table(["F1", "F2", "F3", "F4", "F5", "F6"], rows).encode(),
        {"case_id": "F3", "activity": "F5", "timestamp": "F6"}, frozenset({"F2"}),
    )  # fmt: skip


def two_times() -> Strange:
    """The time something happened, and the later time it was loaded; a deadline per order beside."""
    rows = [
        (f"PO-{e.case}", STEPS[e.step], f"{e.end:%m/%d/%Y %I:%M:%S %p}",
         f"{e.end + timedelta(days=1):%m/%d/%Y 02:00:00 AM}", f"{T0 + timedelta(days=e.case):%m/%d/%Y}")
        for e in events()
    ]  # fmt: skip
    return Strange(
        "changes.csv", table(["PO", "Action", "Changed on", "Load date", "Due date"], rows).encode(),
        {"case_id": "PO", "activity": "Action", "timestamp": "Changed on"}, frozenset({"Due date"}),
    )  # fmt: skip


def epochs() -> Strange:
    """Milliseconds since 1970, as logs of programs have them."""
    rows = [
        (f"{e.case:08x}-0000-4000-8000-{e.case:012x}", STEPS[e.step].lower().replace(" ", "_"),
         int(e.end.replace(tzinfo=UTC).timestamp() * 1000), 200, f"10.0.0.{e.case % 9}")
        for e in events()
    ]  # fmt: skip
    return Strange(
        "trace.csv", table(["trace_id", "event", "ts", "code", "host"], rows).encode(),
        {"case_id": "trace_id", "activity": "event", "timestamp": "ts"}, frozenset({"host"}),
    )  # fmt: skip


def wide() -> Strange:
    """One row per order, one column per milestone."""
    found: dict[int, dict[int, datetime]] = {}
    for e in events():
        found.setdefault(e.case, {})[e.step] = e.end
    rows = [
        (f"O-{case}", *(f"{steps[s]:%Y-%m-%d %H:%M}" if s in steps else "" for s in range(len(STEPS))))
        for case, steps in found.items()
    ]
    return Strange(
        "milestones.csv", table(["Order", *STEPS], rows).encode(), {"case_id": "Order"}, wide=STEPS
    )


def first_days() -> Strange:
    """Dates in which no day is above 12: nobody but a person can tell the order."""
    rows = [
        (f"{n // 4 + 1}", STEPS[n % 4], f"{n % 4 + 1:02d}/{n // 4 % 5 + 2:02d}/2025 1{n % 4}:00")
        for n in range(80)
    ]
    return Strange(
        "short.csv", table(["Ticket", "Status", "When"], rows).encode(),
        {"case_id": "Ticket", "activity": "Status", "timestamp": "When"},
        ambiguous=frozenset({"When"}), options={"dates": "dmy"},
    )  # fmt: skip


def hostile() -> Strange:
    """Names that mean something elsewhere: quotes, markup, formulas, SQL."""
    rows = [
        (f'"{e.case}', f"<b>{STEPS[e.step]}</b>", f"{e.end:%Y-%m-%d %H:%M:%S}", "=1+1", e.who)
        for e in events()
    ]
    header = ["Case'; drop table event; --", 'Activity "x"', "[map] time", "=cmd|' /C calc'!A0", "who\x07is"]
    return Strange(
        "hostile.csv", table(header, rows).encode(),
        {"case_id": header[0], "activity": header[1], "timestamp": header[2], "resource": header[4]},
    )  # fmt: skip


def dutch() -> Strange:
    """A municipality's export: the case has a channel and a department, a deadline in each row."""
    words = ("Ontvangst", "Ontvankelijkheid", "Toetsing", "Advies", "Besluit", "Publicatie", "Archivering")
    rows = [
        (f"Z-2025-{e.case:04d}", words[e.step], f"{e.end:%d-%m-%Y %H:%M}", e.who, ("Balie", "Internet")[e.case % 2],
         f"{T0 + timedelta(days=56 + e.case):%d-%m-%Y}")
        for e in events()
    ]  # fmt: skip
    header = ["Zaaknummer", "Activiteit", "Tijdstip", "Behandelaar", "Kanaal", "Deadline"]
    return Strange(
        "zaken.csv", table(header, rows, ";").encode(),
        {"case_id": "Zaaknummer", "activity": "Activiteit", "timestamp": "Tijdstip", "resource": "Behandelaar"},
        frozenset({"Kanaal", "Deadline"}),
    )  # fmt: skip


def lines_of_orders() -> Strange:
    """Events that carry the customer, the order and the line: the order is what goes through the steps."""
    rows = [
        (f"C{e.case % 11:03d}", f"SO{1000 + e.case}", f"SO{1000 + e.case}-{n % 3}", STEPS[e.step],
         f"{e.end:%Y-%m-%d %H:%M:%S}", e.who)
        for n, e in enumerate(events(120))
    ]  # fmt: skip
    header = ["customer_id", "order_id", "order_line_id", "event_type", "event_time", "user_id"]
    return Strange(
        "sales.csv", table(header, rows).encode(),
        {"case_id": "order_id", "activity": "event_type", "timestamp": "event_time", "resource": "user_id"},
        frozenset({"customer_id"}),
    )  # fmt: skip


EXPORTS: tuple[Callable[[], Strange], ...] = (
    sap, preamble, servicenow, jira, celonis, salesforce, camel, french, japanese, nameless, two_times,
    epochs, wide, first_days, hostile, dutch, lines_of_orders,
)  # fmt: skip

"""Small exports of well-known systems, with their own column names and a planted process each."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Table = tuple[Sequence[str], Sequence[Sequence[object]]]


def as_csv(table: Table, delimiter: str = ",") -> str:
    """A table as CSV."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(table[0])
    writer.writerows(table[1])
    return out.getvalue()


def as_folder(folder: Path, tables: Mapping[str, Table]) -> Path:
    """Each table a CSV file."""
    folder.mkdir()
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text(as_csv(table), encoding="utf-8", newline="")
    return folder


def as_zip(path: Path, tables: Mapping[str, Table]) -> Path:
    """Each table a CSV file in a zip, with semicolons."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, table in tables.items():
            archive.writestr(f"export/{name}.CSV", as_csv(table, ";"))
    return path


def as_workbook(path: Path, tables: Mapping[str, Table]) -> Path:
    """Each table a sheet, every cell a text."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book["Sheet"])
    for name, (columns, rows) in tables.items():
        sheet = book.create_sheet(name)
        for row in [columns, *rows]:
            sheet.append([None if v == "" else str(v) for v in row])
    book.save(path)
    return path


def as_database(connection: Any, tables: Mapping[str, Table], mark: str = "?") -> None:
    """Each table a table of text columns."""
    for name, (columns, rows) in tables.items():
        quoted = ", ".join(f'"{c}"' if c == "user" else c for c in columns)
        made = ", ".join((f'"{c}"' if c == "user" else c) + " varchar(200)" for c in columns)
        connection.execute(f"create table {name}({made})")
        for row in rows:
            marks = ", ".join([mark] * len(columns))
            connection.execute(f"insert into {name}({quoted}) values ({marks})", list(map(str, row)))


CDHDR = ("MANDANT", "OBJECTCLAS", "OBJECTID", "CHANGENR", "USERNAME", "UDATE", "UTIME", "TCODE", "CHANGE_IND")
CDPOS = (
    "MANDANT",
    "OBJECTCLAS",
    "OBJECTID",
    "CHANGENR",
    "TABNAME",
    "TABKEY",
    "FNAME",
    "CHNGIND",
    "VALUE_NEW",
    "VALUE_OLD",
)

SAP_P2P: dict[str, Table] = {
    "EBAN": (
        ("MANDT", "BANFN", "BNFPO", "BADAT", "ERNAM", "EBELN", "EBELP"),
        [
            ("100", "0010000001", "00010", "20260301", "ANN", "4500000001", "00010"),
            ("100", "0010000002", "00010", "20260301", "ANN", "", ""),
        ],
    ),
    "EKKO": (
        ("MANDT", "EBELN", "BUKRS", "BSART", "AEDAT", "ERNAM", "LIFNR"),
        [
            ("100", "4500000001", "1000", "NB", "20260302", "BOB", "0000100001"),
            ("100", "4500000002", "1000", "NB", "20260303", "BOB", "0000100002"),
        ],
    ),
    "EKBE": (
        (
            "MANDT",
            "EBELN",
            "EBELP",
            "VGABE",
            "GJAHR",
            "BELNR",
            "BUZEI",
            "BWART",
            "CPUDT",
            "CPUTM",
            "ERNAM",
            "SHKZG",
            "MENGE",
        ),
        [
            (
                "100",
                "4500000001",
                "00010",
                "1",
                "2026",
                "5000000001",
                "0001",
                "101",
                "20260305",
                "100000",
                "GUS",
                "S",
                "10.000",
            ),
            (
                "100",
                "4500000001",
                "00010",
                "1",
                "2026",
                "5000000002",
                "0001",
                "102",
                "20260305",
                "113000",
                "GUS",
                "H",
                "10.000",
            ),
            (
                "100",
                "4500000001",
                "00010",
                "1",
                "2026",
                "5000000003",
                "0001",
                "101",
                "20260306",
                "090000",
                "GUS",
                "S",
                "8.000",
            ),
            (
                "100",
                "4500000001",
                "00010",
                "2",
                "2026",
                "5105600001",
                "0001",
                "",
                "20260310",
                "141500",
                "IVY",
                "S",
                "8.000",
            ),
            (
                "100",
                "4500000002",
                "00010",
                "2",
                "2026",
                "5105600002",
                "0001",
                "",
                "20260304",
                "080000",
                "IVY",
                "S",
                "1.000",
            ),
            (
                "100",
                "4500000002",
                "00010",
                "2",
                "2026",
                "5105600003",
                "0001",
                "",
                "20260320",
                "080000",
                "IVY",
                "H",
                "1.000",
            ),
        ],
    ),
    "CDHDR": (
        CDHDR,
        [
            ("100", "EINKBELEG", "4500000001", "0000000011", "BOB", "20260302", "081500", "ME21N", "I"),
            ("100", "EINKBELEG", "4500000001", "0000000012", "BOB", "20260302", "093000", "ME22N", "U"),
            ("100", "EINKBELEG", "4500000001", "0000000013", "EVE", "20260302", "160000", "ME29N", "U"),
            ("100", "VERKBELEG", "4500000001", "0000000014", "BOB", "20260302", "170000", "VA02", "U"),
        ],
    ),
    "CDPOS": (
        CDPOS,
        [
            ("100", "EINKBELEG", "4500000001", "0000000011", "EKKO", "1004500000001", "KEY", "I", "", ""),
            (
                "100",
                "EINKBELEG",
                "4500000001",
                "0000000012",
                "EKPO",
                "100450000000100010",
                "NETPR",
                "U",
                "12.00",
                "10.00",
            ),
            (
                "100",
                "EINKBELEG",
                "4500000001",
                "0000000012",
                "EKPO",
                "100450000000100010",
                "LOEKZ",
                "U",
                "S",
                "",
            ),
            ("100", "EINKBELEG", "4500000001", "0000000013", "EKKO", "1004500000001", "FRGKE", "U", "2", "1"),
            ("100", "VERKBELEG", "4500000001", "0000000014", "VBAK", "1004500000001", "NETWR", "U", "2", "1"),
        ],
    ),
}
P2P_STEPS = {
    "4500000001": [
        ("2026-03-01 00:00:00", "Create purchase requisition", "ANN"),
        ("2026-03-02 08:15:00", "Create purchase order", "BOB"),
        ("2026-03-02 09:30:00", "Block item", "BOB"),
        ("2026-03-02 09:30:00", "Change price", "BOB"),
        ("2026-03-02 16:00:00", "Release purchase order", "EVE"),
        ("2026-03-05 10:00:00", "Post goods receipt", "GUS"),
        ("2026-03-05 11:30:00", "Reverse goods receipt", "GUS"),
        ("2026-03-06 09:00:00", "Post goods receipt", "GUS"),
        ("2026-03-10 14:15:00", "Receive invoice", "IVY"),
    ],
    "4500000002": [
        ("2026-03-03 00:00:00", "Create purchase order", "BOB"),
        ("2026-03-04 08:00:00", "Receive invoice", "IVY"),
        ("2026-03-20 08:00:00", "Post credit memo", "IVY"),
    ],
}

FLOW = ("MANDT", "VBELV", "POSNV", "VBELN", "POSNN", "VBTYP_N", "VBTYP_V", "ERDAT", "ERZET")
SAP_O2C: dict[str, Table] = {
    "VBAK": (
        ("VBELN", "AUART", "KUNNR", "NETWR", "WAERK", "ERNAM", "ERDAT", "ERZET"),
        [
            ("0000000101", "TA", "0000001000", "100.00", "EUR", "SUE", "2026-03-02", "08:00:00"),
            ("0000000102", "TA", "0000001000", "50.00", "EUR", "SUE", "2026-03-02", "09:00:00"),
        ],
    ),
    "VBFA": (
        FLOW,
        [
            # one delivery of two orders, of which the first is invoiced twice: the first invoice is cancelled
            ("100", "0000000101", "000010", "0080000001", "000010", "J", "C", "2026-03-03", "10:00:00"),
            ("100", "0000000101", "000020", "0080000001", "000020", "J", "C", "2026-03-03", "10:00:00"),
            ("100", "0000000102", "000010", "0080000001", "000030", "J", "C", "2026-03-03", "10:00:00"),
            ("100", "0080000001", "000010", "4900000001", "000001", "R", "J", "2026-03-04", "11:00:00"),
            ("100", "0080000001", "000010", "0090000001", "000010", "M", "J", "2026-03-05", "12:00:00"),
            ("100", "0000000101", "000010", "0090000001", "000010", "M", "C", "2026-03-05", "12:00:00"),
            ("100", "0000000101", "000010", "0090000002", "000010", "N", "C", "2026-03-06", "12:00:00"),
        ],
    ),
    "LIKP": (("VBELN", "ERNAM"), [("0080000001", "LEO")]),
    "VBRK": (("VBELN", "ERNAM"), [("0090000001", "PAM"), ("0090000002", "PAM")]),
}
O2C_STEPS = {
    "0000000101": [
        ("2026-03-02 08:00:00", "Create sales order", "SUE"),
        ("2026-03-03 10:00:00", "Create delivery", "LEO"),
        ("2026-03-04 11:00:00", "Post goods issue", None),
        ("2026-03-05 12:00:00", "Create invoice", "PAM"),
        ("2026-03-06 12:00:00", "Cancel invoice", "PAM"),
    ],
    "0000000102": [
        ("2026-03-02 09:00:00", "Create sales order", "SUE"),
        ("2026-03-03 10:00:00", "Create delivery", "LEO"),
        ("2026-03-04 11:00:00", "Post goods issue", None),
        ("2026-03-05 12:00:00", "Create invoice", "PAM"),
    ],
}

A, B = "9c573169c611228700193229fff72400", "a9e30c7dc61122760116894de7bcc7bd"
SERVICENOW: dict[str, Table] = {
    "incident": (
        ("number", "sys_id", "opened_at", "opened_by", "category", "priority", "state"),
        [
            ("INC0000001", A, "2026-03-02 08:00:00", "david.loo", "network", "1", "7"),
            ("INC0000002", B, "2026-03-02 09:00:00", "beth.anglin", "inquiry", "3", "2"),
        ],
    ),
    "sys_audit": (
        ("sys_id", "tablename", "documentkey", "fieldname", "oldvalue", "newvalue", "user", "sys_created_on"),
        [
            ("1", "incident", A, "state", "1", "2", "fred.luddy", "2026-03-02 08:10:00"),
            (
                "2",
                "incident",
                A,
                "assignment_group",
                "d625dccec0a8016700a222a0f7900d06",
                "287ee6fea9fe198100ada7950d0b1b73",
                "fred.luddy",
                "2026-03-02 08:20:00",
            ),
            (
                "3",
                "incident",
                A,
                "short_description",
                "slow",
                "very slow",
                "fred.luddy",
                "2026-03-02 08:21:00",
            ),
            ("4", "incident", A, "state", "2", "6", "bow.ruggeri", "2026-03-02 12:00:00"),
            ("5", "incident", A, "state", "6", "2", "david.loo", "2026-03-02 13:00:00"),
            ("6", "incident", A, "state", "2", "6", "bow.ruggeri", "2026-03-02 15:00:00"),
            ("7", "incident", A, "state", "6", "7", "system", "2026-03-09 15:00:00"),
            ("8", "incident", B, "state", "", "1", "beth.anglin", "2026-03-02 09:00:00"),
            ("9", "incident", B, "state", "1", "2", "fred.luddy", "2026-03-02 09:30:00"),
            ("10", "problem", B, "state", "1", "2", "fred.luddy", "2026-03-02 09:40:00"),
        ],
    ),
}
SERVICENOW_STEPS = {
    "INC0000001": [
        ("2026-03-02 08:00:00", "Opened", "david.loo"),
        ("2026-03-02 08:10:00", "In progress", "fred.luddy"),
        ("2026-03-02 08:20:00", "Assigned to another group", "fred.luddy"),
        ("2026-03-02 12:00:00", "Resolved", "bow.ruggeri"),
        ("2026-03-02 13:00:00", "Reopened", "david.loo"),
        ("2026-03-02 15:00:00", "Resolved", "bow.ruggeri"),
        ("2026-03-09 15:00:00", "Closed", "system"),
    ],
    "INC0000002": [
        ("2026-03-02 09:00:00", "Opened", "beth.anglin"),
        ("2026-03-02 09:30:00", "In progress", "fred.luddy"),
    ],
}

SALESFORCE: dict[str, Table] = {
    "Opportunity": (
        ("ID", "NAME", "TYPE", "AMOUNT"),
        [("0068d0000001", "Acme", "New Business", "12000.0"), ("0068d0000002", "Globex", "Upgrade", "")],
    ),
    "OpportunityFieldHistory": (
        ("ID", "ISDELETED", "OPPORTUNITYID", "CREATEDBYID", "CREATEDDATE", "FIELD", "OLDVALUE", "NEWVALUE"),
        [
            ("1", "false", "0068d0000001", "0058d01", "2026-03-02T08:00:00.000Z", "created", "", ""),
            (
                "2",
                "false",
                "0068d0000001",
                "0058d01",
                "2026-03-03T08:00:00.000Z",
                "StageName",
                "Prospecting",
                "Proposal",
            ),
            (
                "3",
                "false",
                "0068d0000001",
                "0058d02",
                "2026-03-04T08:00:00.000Z",
                "Owner",
                "0058d01",
                "0058d02",
            ),
            (
                "4",
                "false",
                "0068d0000001",
                "0058d02",
                "2026-03-04T09:00:00.000Z",
                "Amount",
                "10000.0",
                "12000.0",
            ),
            (
                "5",
                "false",
                "0068d0000001",
                "0058d02",
                "2026-03-09T08:00:00.000Z",
                "StageName",
                "Proposal",
                "Closed Won",
            ),
            (
                "6",
                "false",
                "0068d0000002",
                "0058d01",
                "2026-03-02T09:00:00.000Z",
                "opportunityCreatedFromLead",
                "",
                "",
            ),
        ],
    ),
}
SALESFORCE_STEPS = {
    "0068d0000001": [
        ("2026-03-02 08:00:00", "Created", "0058d01"),
        ("2026-03-03 08:00:00", "Proposal", "0058d01"),
        ("2026-03-04 08:00:00", "Owner changed", "0058d02"),
        ("2026-03-09 08:00:00", "Closed Won", "0058d02"),
    ],
    "0068d0000002": [("2026-03-02 09:00:00", "Created", "0058d01")],
}

SAP_CHANGE_STEPS = {
    "4500000001": [
        ("2026-03-02 08:15:00", "Create EKKO", "BOB"),
        ("2026-03-02 09:30:00", "Change EKPO-LOEKZ", "BOB"),
        ("2026-03-02 09:30:00", "Change EKPO-NETPR", "BOB"),
        ("2026-03-02 16:00:00", "Change EKKO-FRGKE", "EVE"),
    ],
}

TABLES: dict[str, tuple[dict[str, Table], dict[str, list[tuple[str, str, str | None]]]]] = {
    "sap-p2p": (SAP_P2P, P2P_STEPS),
    "sap-o2c": (SAP_O2C, O2C_STEPS),
    "sap-change-documents": ({name: SAP_P2P[name] for name in ("CDHDR", "CDPOS")}, SAP_CHANGE_STEPS),
    "servicenow-incidents": (SERVICENOW, SERVICENOW_STEPS),
    "salesforce-opportunities": (SALESFORCE, SALESFORCE_STEPS),
}
"""Recipe to the tables of its system and the steps planted in them."""


def github(path: Path) -> Path:
    """Events of two issues, as GitHub's interface answers them."""

    def event(number: int, issue: int, what: str, who: str, at: str) -> dict[str, Any]:
        return {
            "id": number,
            "event": what,
            "actor": {"login": who, "id": 1},
            "created_at": at,
            "commit_id": None,
            "issue": {"number": issue, "title": f"Issue {issue}", "labels": [{"name": "bug"}]},
        }

    events = [
        event(3, 7, "closed", "hubot", "2026-03-04T08:00:00Z"),
        event(2, 7, "assigned", "octocat", "2026-03-03T08:00:00Z"),
        event(1, 7, "labeled", "octocat", "2026-03-02T08:00:00Z"),
        event(4, 8, "labeled", "octocat", "2026-03-02T09:00:00Z"),
    ]
    path.write_text(json.dumps(events), encoding="utf-8")
    return path


def jira(path: Path) -> Path:
    """One issue with its changelog, as Jira's interface answers it."""
    moves = [("Open", "In Progress", "2026-03-03"), ("In Progress", "Resolved", "2026-03-05")]
    histories = [
        {
            "id": str(n),
            "author": {"displayName": "Ann"},
            "created": f"{day}T08:00:00.000+0100",
            "items": [{"field": "status", "fromString": a, "toString": b}],
        }
        for n, (a, b, day) in enumerate(moves)
    ]
    histories.insert(
        1,
        {
            "id": "9",
            "author": {"displayName": "Ann"},
            "created": "2026-03-04T08:00:00.000+0100",
            "items": [{"field": "assignee", "fromString": None, "toString": "Bob"}],
        },
    )
    issue = {
        "key": "SHOP-1",
        "fields": {
            "created": "2026-03-02T08:00:00.000+0100",
            "creator": {"displayName": "Cy"},
            "status": {"name": "Resolved"},
            "assignee": {"displayName": "Bob"},
        },
        "changelog": {"histories": histories},
    }
    path.write_text(json.dumps(issue), encoding="utf-8")
    return path

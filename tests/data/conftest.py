"""The company at full size, generated once, and readers of its exports that share no code with it."""

import csv
import gzip
import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from data.generate import Manifest, generate

BERLIN = ZoneInfo("Europe/Berlin")


class Step(NamedTuple):
    """One activity of one case, as read from an export; times are UTC."""

    start: datetime
    end: datetime
    activity: str
    resource: str
    system: str
    outcome: str | None


Traces = dict[str, list[Step]]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The company as the demo sees it."""
    return generate(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def orders(company: Manifest) -> Traces:
    """Every order's steps from the three systems, by time."""
    steps: Traces = defaultdict(list)
    for case, *step in _erp(company.folder) + _mail(company.folder) + _payments(company.folder):
        steps[case].append(Step(*step))
    return {case: sorted(found) for case, found in sorted(steps.items())}


@pytest.fixture(scope="session")
def order_facts(company: Manifest) -> dict[str, dict[str, Any]]:
    """Amount and approver by order number."""
    query = """select order_no, amount, full_name as approver from orders
        join cost_centres using (cost_centre_id) join users on user_id = approver_id"""
    with closing(sqlite3.connect(company.folder / "erp.sqlite")) as database:
        return {
            number: {"amount": amount, "approver": who} for number, amount, who in database.execute(query)
        }


def _erp(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "erp.sqlite")) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute((folder / "p2p.sql").read_text(encoding="utf-8")).fetchall()
    return [
        (
            row["order_no"],
            _local(row["started_at"], "%Y-%m-%d %H:%M:%S"),
            _local(row["finished_at"], "%Y-%m-%d %H:%M:%S"),
            row["activity"],
            row["user_name"],
            "ERP",
            row["outcome"],
        )
        for row in rows
    ]


def _mail(folder: Path) -> list[tuple[Any, ...]]:
    with (folder / "supplier_mail.csv").open(encoding="utf-8", newline="") as file:
        found = []
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["Received"]).astimezone(UTC)
            found.append((row["PO Number"], at, at, row["Kind"], row["From"], "Supplier mail", None))
        return found


def _payments(folder: Path) -> list[tuple[Any, ...]]:
    document = json.loads((folder / "payments.json").read_text(encoding="utf-8"))
    return [
        (
            paid["purchase_order"],
            datetime.fromisoformat(paid["started_at"]),
            datetime.fromisoformat(paid["executed_at"]),
            paid["step"],
            paid["account"],
            "Payments",
            paid["run"],
        )
        for paid in document["payments"]
    ]


@pytest.fixture(scope="session")
def clients(company: Manifest) -> Traces:
    """Every client's steps."""
    steps: Traces = defaultdict(list)
    with (company.folder / "onboarding.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            start, end = (
                _local(row[name], "%d-%m-%Y %H:%M:%S") for name in ("Beginn (Ortszeit)", "Ende (Ortszeit)")
            )
            step = Step(start, end, row["Tätigkeit"], row["Bearbeiter/in"], "Client desk", None)
            steps[row["Vorgangs-Nr."]].append(step)
    return dict(steps)


@pytest.fixture(scope="session")
def claims(company: Manifest) -> list[dict[str, Any]]:
    """Every claim: its attributes, and under `events` those of its events."""
    with gzip.open(company.folder / "claims.xes.gz") as file:
        root = ElementTree.parse(file).getroot()  # noqa: S314 our own file
    found = []
    for trace in root.iterfind("{*}trace"):
        claim = _attributes(trace)
        claim["events"] = [_attributes(event) for event in trace.iterfind("{*}event")]
        found.append(claim)
    return found


def _attributes(element: ElementTree.Element) -> dict[str, Any]:
    read = {
        "float": float,
        "int": int,
        "boolean": lambda text: text == "true",
        "date": datetime.fromisoformat,
    }
    return {
        child.attrib["key"]: read.get(child.tag.partition("}")[2], str)(child.attrib["value"])
        for child in element
        if "key" in child.attrib
    }


@pytest.fixture(scope="session")
def tickets(company: Manifest) -> list[dict[str, Any]]:
    """Every ticket as the export has it."""
    return json.loads((company.folder / "support.json").read_text(encoding="utf-8"))["issues"]


def _local(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern).replace(tzinfo=BERLIN).astimezone(UTC)

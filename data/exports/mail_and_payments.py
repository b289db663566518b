"""The two sources beside the ERP that see an order: purchasing's mailbox and the payment system."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

from ..company.calendars import local
from ..company.process import Process

SUBJECTS = {
    "Reminder sent": "Erinnerung an Bestellung {order}",
    "Delivery announced": "Ihre Bestellung {order}: Lieferung heute",
    "Invoice received": "Rechnung zu Bestellung {order}",
    "Credit note received": "Gutschrift zu Bestellung {order}",
}


def write_mail(process: Process, path: Path) -> None:
    """Write the mailbox as a CSV; times carry their offset (`2026-01-07T10:15:00+01:00`)."""
    mails = [done for done in process.recorded() if done.activity in SUBJECTS]
    mails.sort(key=lambda done: (done.end, done.case.id))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Message ID", "Received", "From", "Kind", "Subject", "PO Number"])
        for number, done in enumerate(mails, start=1):
            order = done.case.id
            subject = SUBJECTS[done.activity].format(order=order)
            received = local(done.end).isoformat()
            rows.writerow(
                [f"<{number:06d}@purchasing>", received, done.resource, done.activity, subject, order]
            )


def write_payments(process: Process, path: Path) -> None:
    """Write the payments as JSON under `payments`; times are UTC (`2026-01-09T14:01:30Z`)."""
    paid = [done for done in process.recorded() if done.batch]
    paid.sort(key=lambda done: (done.end, done.case.id))
    payments = [
        {
            "id": f"PAY-{number:06d}",
            "purchase_order": done.case.id,
            "step": done.activity,
            "run": done.batch,
            "started_at": _utc(done.start),
            "executed_at": _utc(done.end),
            "account": done.resource,
            "amount": {"value": done.case.attributes["amount"], "currency": "EUR"},
        }
        for number, done in enumerate(paid, start=1)
    ]
    document = {"bank": "Hansebank", "payments": payments}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

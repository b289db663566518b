"""One order log in every format: all adapters make the same events, instances, cases and variants of it."""

import pytest

from tests.ingest.order_formats import FORMS, Maker, as_csv

TABLES = ("event", "instance", "cv", "variant")


def expected(room):
    report = room.load(as_csv(room.folder), "csv")
    assert (report.seen, report.loaded, report.cases, report.events) == (6, 6, 3, 6)
    return {table: room.rows(table, "csv") for table in TABLES}


@pytest.mark.parametrize("make", FORMS)
def test_the_same_orders_come_out_of_every_format(room, make: Maker, request: pytest.FixtureRequest):
    truth = expected(room)
    made = make(room.folder, request)
    report = made.load() if made.load else room.load(made.source, **made.options)
    assert (report.seen, report.loaded, report.set_aside) == (6, 6, 0)
    for table in TABLES:
        rows = [{k: v for k, v in row.items() if k not in made.extra} for row in room.rows(table)]
        assert rows == truth[table], table


def test_attributes_have_the_narrowest_type_that_loses_nothing(room):
    expected(room)
    types = dict(room.query("select name, type from attribute", "csv"))
    assert types == {
        "channel": "text",
        "amount": "number",
        "zip": "text",  # 01234 is a name, not a number
        "note": "text",
        "urgent": "boolean",
        "due": "time",
        "score": "number",
    }


@pytest.mark.logs
def test_the_receipt_log_is_the_same_in_its_three_formats(room, public_logs):
    # The Parquet file holds local times without their offset; the other two say it.
    room.load(public_logs / "receipt.csv", "csv")
    room.load(public_logs / "receipt.xes.gz", "xes")
    room.load(public_logs / "receipt.parquet", "parquet", tz="Europe/Amsterdam")
    for table in TABLES:
        truth = room.rows(table, "csv")
        assert len(truth) > 100
        for log in ("xes", "parquet"):
            assert _comparable(room.rows(table, log)) == _comparable(truth), (table, log)


def _comparable(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without names that the formats do not share: an empty column is none in XES."""
    return sorted(
        ({k: v for k, v in row.items() if v is not None and k != "cid"} for row in rows), key=lambda r: str(r)
    )

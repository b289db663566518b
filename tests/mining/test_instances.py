"""Instances and variant counts of planted logs come back as they were planted."""

from datetime import datetime

import pandas as pd

from ingest.catalog import find_log
from mining.instances import instances
from mining.variants import variant_counts


def test_instances_carry_names_times_and_attributes(context, make_log):
    start, end = datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 10)
    name = make_log(
        {
            "x": [
                {
                    "activity": "A",
                    "start": start,
                    "end": end,
                    "resource": "Ann",
                    "system": "erp",
                    "cost": 3.5,
                },
                {"activity": "B", "end": datetime(2026, 1, 5, 12), "channel": "mail", "case": 7.0},
            ]
        },
        case_attributes={"x": {"amount": 12.0, "channel": "shop"}},
    )
    with context.events.cursor(find_log(context.events, name).schema) as cursor:
        found = instances(cursor)
        bare = instances(cursor, attributes=False)
    assert list(bare.columns) == ["case", "activity", "resource", "start", "end", "system", "cost"]
    assert list(found.columns) == [*bare.columns, "channel", "event:case", "case:amount", "case:channel"]
    first, second = found.to_dict("records")
    assert (first["case"], first["activity"], first["resource"], first["system"]) == ("x", "A", "Ann", "erp")
    assert (first["start"], first["end"], first["cost"]) == (pd.Timestamp(start), pd.Timestamp(end), 3.5)
    assert pd.isna(second["resource"]) and second["start"] == second["end"]
    assert (second["channel"], second["event:case"]) == ("mail", 7.0)
    assert (second["case:amount"], second["case:channel"]) == (12.0, "shop")


def test_variant_counts_are_by_name_and_commonest_first(context, make_log):
    name = make_log({"1": ["B", "A"], "2": ["A", "B", "A"], "3": ["A", "B", "A"]})
    with context.events.cursor(find_log(context.events, name).schema) as cursor:
        assert list(variant_counts(cursor).items()) == [(("A", "B", "A"), 2), (("B", "A"), 1)]

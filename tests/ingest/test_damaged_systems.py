"""Exports of systems, damaged at random: every one is read or refused, never more."""

import json
import random

import pytest

from tests.ingest import exports, object_log
from tests.ingest.damage import damaged, distorted, outcomes
from tests.ingest.object_log import as_json, as_old_json, as_sqlite, as_xml
from tests.ingest.test_temporal import planted
from tests.ingest.workbooks import HEAD, ROWS, workbook


@pytest.mark.parametrize("make", [as_json, as_old_json, as_xml, as_sqlite])
def test_object_logs_of_damaged_bytes(tmp_path, make):
    generator, whole = random.Random(11), make(tmp_path).read_bytes()
    path = tmp_path / "damaged"
    found = outcomes(path, "ocel", 120, lambda: damaged(whole, generator), object_type="orders")
    assert found.total() == 120
    assert found["refused"] > 5


@pytest.mark.parametrize("make", [as_json, as_old_json])
def test_object_logs_of_distorted_values(tmp_path, make):
    generator, whole = random.Random(12), json.loads(make(tmp_path).read_text(encoding="utf-8"))
    small = {k: (v[:6] if isinstance(v, list) else dict(list(v.items())[:6])) for k, v in whole.items()}
    path = tmp_path / "distorted.json"
    found = outcomes(
        path, "ocel", 400, lambda: json.dumps(distorted(small, generator)).encode(), object_type="orders"
    )
    assert found["read"] > 200


def test_histories_of_damaged_bytes_and_distorted_values(tmp_path):
    generator = random.Random(13)
    whole = planted().write(tmp_path / "h.json").read_bytes()
    path = tmp_path / "damaged.json"
    assert outcomes(path, "temporal", 200, lambda: damaged(whole, generator))["refused"] > 20
    document = json.loads(whole)
    found = outcomes(path, "temporal", 400, lambda: json.dumps(distorted(document, generator)).encode())
    assert found["read"] > 200


def test_recipes_over_damaged_tables(tmp_path):
    generator = random.Random(14)
    from ingest.mapping_file import MappingFile
    from ingest.recipe import recipe_path

    recipe = MappingFile.read(recipe_path("sap-p2p"))
    whole = exports.as_zip(tmp_path / "sap.zip", exports.SAP_P2P).read_bytes()
    options = {"tables": recipe.tables, "query": recipe.query}
    found = outcomes(tmp_path / "damaged.zip", "tables", 60, lambda: damaged(whole, generator), **options)
    assert found.total() == 60


def test_workbooks_of_damaged_bytes(tmp_path):
    generator = random.Random(15)
    whole = workbook(tmp_path / "a.xlsx", {"Log": [HEAD, *ROWS]}).read_bytes()
    assert (
        outcomes(tmp_path / "damaged.xlsx", "excel", 200, lambda: damaged(whole, generator))["refused"] > 20
    )


def test_the_planted_log_is_untouched():
    assert len(object_log.EVENTS) == 70

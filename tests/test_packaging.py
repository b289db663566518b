"""The wheel carries the rooms, their SQL and assets and the sample company, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build; print(hatchling.build.build_wheel({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_every_room_and_the_sample_company_are_in_it(wheel: list[str]) -> None:
    for expected in (
        "baton.py",
        "home/registry.py",
        "ingest/schema/events/001_catalog.sql",
        "ingest/schema/log/001_tables.sql",
        "ingest/sample_company/generate.py",
        "ingest/sample_company/exports/p2p.sql",
        "mining/sql/variants.sql",
        "dashboard/components/built/process_map.js",
        "dashboard/components/built/THIRD_PARTY.md",
    ):
        assert expected in wheel


def test_every_sql_file_of_the_rooms_is_in_it(wheel: list[str]) -> None:
    rooms = ("home", "ingest", "mining", "orchestrate")
    found = {str(p.relative_to(ROOT)) for room in rooms for p in Path(ROOT / room).rglob("*.sql")}
    assert found <= set(wheel)


def test_every_recipe_is_in_it(wheel: list[str]) -> None:
    found = {str(p.relative_to(ROOT)) for p in (ROOT / "ingest" / "recipes").glob("*.toml")}
    assert found
    assert found <= set(wheel)


def test_tests_sources_and_a_top_level_data_are_not_in_it(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert not tops & {"tests", "benchmarks", "data", "docs"}
    assert not [name for name in wheel if "node_modules" in name or "components/src" in name]

"""Every query says in its first line what a row is, and fits the schema."""

import re
from importlib.resources import files

import pytest

from mining.lens import lens

QUERIES = {f.name: f.read_text(encoding="utf-8") for f in files("mining").joinpath("sql").iterdir()}
OF_SEVERAL_STATEMENTS = {
    "lens": ("kept.sql", "narrow.sql", "raw_events.sql"),
    "parts of candidates": ("chosen.sql", "chosen_cases.sql", "chosen_paths.sql", "parts.sql"),
}
"""Files that make temporary tables or stand on them: the tests of these modules run them in their order."""


@pytest.fixture(scope="module")
def log(shelf) -> str:
    return shelf.log({"1": ["A", "B", "A"], "2": ["A"]}, case_attributes={"1": {"x": 1.0}, "2": {"x": 2.0}})


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_first_line_says_what_a_row_is(name: str):
    assert QUERIES[name].startswith("-- One row"), name
    assert name.endswith(".sql")


@pytest.mark.parametrize("name", sorted(set(QUERIES).difference(*OF_SEVERAL_STATEMENTS.values())))
def test_a_query_fits_the_schema(shelf, log: str, name: str):
    parameters = dict.fromkeys(re.findall(r"\$(\w+)", QUERIES[name]))
    with lens(shelf.context, log, where="case.x == 1") as view:
        view.cursor.execute(f"explain {QUERIES[name]}", parameters or None)

"""Every query says in its first line what a row is, and fits the schema."""

import re
from importlib.resources import files

import pytest

from mining.lens import lens

QUERIES = {f.name: f.read_text(encoding="utf-8") for f in files("mining").joinpath("sql").iterdir()}
MADE = re.compile(r"create (?:or replace )?temp (?:table|view) (\w+)")
SHADOWED = {"activity", "cv", "edge", "instance", "variant"}
"""Tables of the layout, which the lens makes again."""
OWN_TABLES = {table for text in QUERIES.values() for table in MADE.findall(text)} - SHADOWED


def stands_alone(text: str) -> bool:
    """Whether a file is one query on the layout: the others run in the tests of the module they belong to."""
    return not MADE.search(text) and not OWN_TABLES & set(re.findall(r"\w+", text)) and "source." not in text


@pytest.fixture(scope="module")
def log(shelf) -> str:
    return shelf.log({"1": ["A", "B", "A"], "2": ["A"]}, case_attributes={"1": {"x": 1.0}, "2": {"x": 2.0}})


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_first_line_says_what_a_row_is(name: str):
    assert QUERIES[name].startswith("-- One row"), name
    assert name.endswith(".sql")


@pytest.mark.parametrize("name", sorted(n for n, text in QUERIES.items() if stands_alone(text)))
def test_a_query_fits_the_schema(shelf, log: str, name: str):
    parameters = dict.fromkeys(re.findall(r"\$(\w+)", QUERIES[name]))
    with lens(shelf.context, log, where="case.x == 1") as view:
        view.cursor.execute(f"explain {QUERIES[name]}", parameters or None)

"""Saved filters on a page: what is looked at gets a name, and the name brings it back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import runtime
from dashboard.parts.chips import in_words
from dashboard.runtime import Runtime
from home.registry import load
from home.settings import configure

ORDERS = """case_id,activity,timestamp,case:amount
1,Register,2026-01-05T09:00:00Z,50
2,Register,2026-01-05T10:00:00Z,5000
"""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A runtime with one log of two cases."""
    made = Runtime(configure({"home": tmp_path / "home"}, {}), load())
    monkeypatch.setattr(runtime, "_current", made)
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    made.run("ingest", source=str(file), log="orders")
    yield made
    made.close()


def scoped_page() -> None:
    import streamlit as st

    from dashboard.cached import ask
    from dashboard.parts.scope import choose

    scope = choose("Orders")
    if scope:
        found = ask("map", version=scope.version, log=scope.log.name, where=scope.where)
        st.text(f"{found.cases} {scope.where}")


def test_what_is_looked_at_gets_a_name(served: Runtime) -> None:
    page = AppTest.from_function(scoped_page)
    page.query_params["log"] = "orders"
    page.query_params["where"] = ["case.amount > 100"]
    page.run(timeout=20).text_input(key="save filter as").set_value("large").run()
    next(b for b in page.button if b.label == "Save filter").click().run()
    assert page.text[0].value == '1 (saved("large"))' and not page.exception
    (kept,) = served.run("filter list", log="orders").rows
    assert (kept.filter, kept.where) == ("large", "case.amount > 100")
    # What it stands for may change while its name stays.
    served.run("filter save", name="large", log="orders", where="case.amount > 1")
    assert page.run().text[0].value == '2 (saved("large"))'


def test_a_saved_one_is_chosen_by_its_name(served: Runtime) -> None:
    served.run("filter save", name="small orders", log="orders", where="case.amount < 100")
    page = AppTest.from_function(scoped_page).run(timeout=20)
    assert page.text[0].value == "2 None"
    page.button(key="saved:small orders").click().run()
    assert page.text[0].value == '1 (saved("small orders"))'
    assert page.button(key="saved:small orders").disabled


def test_a_name_is_said_in_words() -> None:
    assert in_words('saved("large")') == "pass “large”"

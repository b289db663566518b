"""What pages are made of: addresses, forms, long work, tables, drafts."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cached, runtime
from dashboard.parts import charts, drafts, tables
from dashboard.parts.moments import until
from dashboard.runtime import Runtime
from home.errors import BatonError, NotFound, Refused
from home.registry import Registry
from home.settings import configure


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A runtime on an empty home, as the service installs it."""
    made = Runtime(configure({"home": tmp_path}, {}), Registry(()))
    monkeypatch.setattr(runtime, "_current", made)
    return made


def address_page() -> None:
    import streamlit as st

    from dashboard.parts import address

    address.take("log", "where")
    st.button("filter", on_click=address.put, args=("where", "a", "b"))
    st.text(f"{address.one_of('log')} {address.all_of('where')}")
    address.keep("log", "where")


def test_an_address_brings_back_what_it_was_written_for() -> None:
    page = AppTest.from_function(address_page)
    page.query_params["log"] = "orders"
    page.query_params["where"] = ["x"]
    assert page.run().text[0].value == "orders ('x',)"


def test_what_a_click_changed_is_written_and_not_taken_back_from_the_address() -> None:
    page = AppTest.from_function(address_page)
    page.query_params["log"] = "orders"
    page.run().button[0].click().run()
    assert page.text[0].value == "orders ('a', 'b')"
    assert page.query_params["where"] == ["a", "b"]
    assert page.run().text[0].value == "orders ('a', 'b')"


def test_the_back_button_wins_over_the_session() -> None:
    page = AppTest.from_function(address_page)
    page.query_params["log"] = "orders"
    page.run().button[0].click().run()
    page.query_params["where"] = ["x"]
    assert page.run().text[0].value == "orders ('x',)"


def test_a_page_opened_without_an_address_goes_on_where_the_session_was() -> None:
    page = AppTest.from_function(address_page)
    page.query_params["log"] = "orders"
    page.run()
    page.query_params.clear()
    assert page.run().text[0].value == "orders ()"
    assert page.query_params["log"] == "orders"


def form_page() -> None:
    import streamlit as st

    from dashboard.parts.schema_form import schema_form

    schema = {
        "properties": {
            "amount": {"type": "number"},
            "pieces": {"type": "integer"},
            "rush": {"type": "boolean"},
            "kind": {"enum": ["a", "b"]},
            "note": {"type": "string"},
            "lines": {"type": "array"},
        },
        "required": ["amount"],
    }
    st.json(schema_form(schema, key="f"))


def test_a_form_gives_typed_values_and_leaves_out_what_is_empty() -> None:
    import json

    page = AppTest.from_function(form_page).run()
    assert json.loads(page.json[0].value) == {}
    assert page.number_input[0].label == "amount (needed)"
    page.number_input[0].set_value(12.5)
    page.number_input[1].set_value(3)
    page.selectbox[0].select_index(1)
    page.selectbox[1].select_index(1)
    page.text_area[0].set_value('[{"sku": 1}]')
    page.run()
    found = json.loads(page.json[0].value)
    assert found == {"amount": 12.5, "pieces": 3, "rush": False, "kind": "b", "lines": [{"sku": 1}]}


def full_form_page() -> None:
    import streamlit as st

    from dashboard.parts.schema_form import schema_form

    schema = {
        "properties": {
            "amount": {"type": "number", "minimum": 1, "maximum": 100, "default": 7},
            "day": {"format": "date", "type": "string", "default": "1971-02-03", "description": "*as* is"},
            "at": {"type": "string", "format": "date-time"},
            "rush": {"type": "boolean", "default": False},
            "kind": {"enum": ["gift", "sale"], "default": "sale"},
            "to": {
                "type": "object",
                "properties": {"street": {"type": "string"}, "floor": {"$ref": "#/$defs/floor"}},
                "required": ["street"],
            },
            "tags": {"type": "array", "items": {"type": "string"}, "default": ["new"]},
            "sizes": {"type": "array", "items": {"type": "integer"}, "default": [1, 2]},
            "colours": {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
            "text": {"type": ["string", "null"], "maxLength": 1000},
        },
        "$defs": {"floor": {"type": "integer", "minimum": -1}},
    }
    wrong = {"amount": "must be at most 100", "to.street": "is needed", "sizes.1": "must be of type integer"}
    st.json(schema_form(schema, key="f", problems=wrong))


def test_a_form_knows_all_kinds_and_tells_each_problem_beside_its_field() -> None:
    import json

    page = AppTest.from_function(full_form_page).run()
    assert not page.exception
    assert json.loads(page.json[0].value) == {
        "amount": 7.0,
        "day": "1971-02-03",
        "rush": False,
        "kind": "sale",
        "tags": ["new"],
        "sizes": [1, 2],
    }
    assert (page.number_input[0].min, page.number_input[0].max) == (1.0, 100.0)
    assert page.date_input[0].help == r"\*as\* is"
    page.text_input[0].set_value("Main Road 1")
    page.number_input[1].set_value(-1)
    next(each for each in page.multiselect if each.label == "colours").select("blue")
    page.text_area[0].set_value("long")
    page.run()
    found = json.loads(page.json[0].value)
    assert found["to"] == {"street": "Main Road 1", "floor": -1}
    assert (found["colours"], found["text"]) == (["blue"], "long")
    told = [each.value for each in page.markdown if ":red[" in each.value]
    assert told == [
        f":red[:material/error: {words}]"
        for words in ("must be at most 100", "entry 2 must be of type integer", "is needed")
    ]


def work_page() -> None:
    import streamlit as st

    from dashboard.parts import work

    st.button("go", on_click=work.begin, args=("k", "long"))
    found = work.collect("k", "Working …")
    st.text(f"found {found}")


class Commands(Runtime):
    """A runtime whose commands are functions of a test."""

    long: Callable[..., Any] = staticmethod(lambda _job: None)

    def run(self, name: str, request: Any = None, **given: Any) -> Any:
        """Call the function named so."""
        return getattr(self, name)(given.get("job"))


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = Commands(configure({"home": tmp_path}, {}), Registry(()))
    monkeypatch.setattr(runtime, "_current", made)
    return made


def test_long_work_comes_back_with_its_result(commands: Commands) -> None:
    def long(job: Any) -> int:
        job.progress(0.5, "halfway")
        return 42

    commands.long = long
    page = AppTest.from_function(work_page).run()
    assert page.text[0].value == "found None"
    assert page.button[0].click().run().text[0].value == "found 42"
    assert page.run().text[0].value == "found None"


def test_work_that_fails_says_what_to_do(commands: Commands) -> None:
    def long(_: Any) -> None:
        raise BatonError("It is <b>full</b>.", hint="Empty it.")

    commands.long = long
    page = AppTest.from_function(work_page).run().button[0].click().run()
    said = [text.value for text in page.text]
    assert "It is <b>full</b>." in said and "Empty it." in said


def test_cancelled_work_leaves_nothing(commands: Commands) -> None:
    def long(job: Any) -> None:
        job.cancel()
        job.check()

    commands.long = long
    page = AppTest.from_function(work_page).run().button[0].click().run()
    assert "Cancelled" in page.info[0].value


def test_an_answer_is_kept_as_long_as_its_version(installed: Runtime) -> None:
    key = cached.key_of("map", "v1", {"log": "a", "where": None})
    assert key == cached.key_of("map", "v1", {"log": "a"})
    cached.keep(key, "answer")
    assert cached.kept(key) == "answer"
    assert cached.kept(cached.key_of("map", "v2", {"log": "a"})) is None
    for n in range(cached.MOST):
        cached.keep(cached.key_of("map", str(n), {}), n)
    assert cached.kept(key) is None


def test_a_spreadsheet_runs_nothing_that_a_log_said() -> None:
    text = tables.as_csv([{"name": "=cmd()|x", "n": 1}, {"name": "ünï", "n": -2}]).decode("utf-8-sig")
    assert text.splitlines() == ["name,n", "'=cmd()|x,1", "ünï,-2"]


def test_moments_are_shown_in_the_logs_zone_and_empty_columns_go() -> None:
    table = tables.as_table([{"at": datetime(2026, 7, 1, 22, 30), "nothing": None}], zone="Europe/Berlin")
    assert table.columns.tolist() == ["at"]
    assert table["at"][0] == datetime(2026, 7, 2, 0, 30)


def test_a_draft_is_saved_read_and_discarded(installed: Runtime) -> None:
    drafts.save("p2p.check-budget", "a: 1")
    assert drafts.path("p2p.check-budget").read_text() == "a: 1"
    assert drafts.drafts() == ["p2p.check-budget"]
    drafts.discard("p2p.check-budget")
    with pytest.raises(NotFound):
        drafts.path("p2p.check-budget")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "A", "x\0", "ü"])
def test_a_draft_cannot_leave_its_folder(installed: Runtime, name: str) -> None:
    with pytest.raises((Refused, NotFound)):
        drafts.path(name)
    with pytest.raises(Refused):
        drafts.save(name, "x")


def test_due_times_are_said_from_now() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert until("2026-01-01T15:00:00.000Z", now) == "in 3.0 h"
    assert until("2026-01-01T11:58:00.000Z", now) == "2 min late"
    assert until(None, now) == "–"


def test_candidates_of_one_cell_are_drawn_side_by_side() -> None:
    one = {"frequency": 3, "pain": 4, "stability": 5, "plannable": True, "label": "<b>x</b>"}
    figure = charts.matrix([{**one, "id": str(n)} for n in range(5)])
    places = list(zip(figure.data[0].x, figure.data[0].y, strict=True))
    assert len(set(places)) == 5
    assert all(abs(x - 3) < 0.5 and abs(y - 4) < 0.5 for x, y in places)
    assert "&lt;b&gt;" in figure.data[0].customdata[0][1]


def test_a_case_is_drawn_in_local_time() -> None:
    step = SimpleNamespace(
        activity="A", resource=None, start=datetime(2026, 7, 1, 22), end=datetime(2026, 7, 1, 23)
    )
    (bar,) = charts.timeline([step], "Europe/Berlin").data
    assert list(bar.x) == [datetime(2026, 7, 2, 0), datetime(2026, 7, 2, 1)]

"""The part of the data page that shapes a log, run as Streamlit runs it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import runtime
from dashboard.runtime import Runtime
from home.registry import load
from home.settings import configure

CSV = (
    "case_id,activity,timestamp,step,status\n"
    "c1,a <b>x</b>,2026-01-05T08:00:00Z,order,in\n"
    "c1,b,2026-01-05T09:00:00Z,pay,ok\n"
    "c2,b,2026-01-05T10:00:00Z,pay,late\n"
)


def shaping_page() -> None:
    from dashboard.parts.shaping import show

    show("orders")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The part on a log of three events, with the commands that it calls."""
    made = Runtime(configure({"home": tmp_path / "home"}, {}), load())
    monkeypatch.setattr(runtime, "_current", made)
    source = tmp_path / "orders.csv"
    source.write_text(CSV)
    made.run("ingest", source=str(source), log="orders")
    return AppTest.from_function(shaping_page, default_timeout=60)


def said(page: AppTest) -> str:
    return "\n".join(
        element.value for element in (*page.success, *page.markdown, *page.caption, *page.error, *page.text)
    )


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_activities_are_derived_taken_back_and_derived_again(page: AppTest) -> None:
    page.run()
    assert "No steps" in said(page)
    assert [list(frame.value["Activity"]) for frame in page.dataframe] == [["b", "a <b>x</b>"]]
    next(text for text in page.text_input if text.label == "From").input("{step}: {status}")
    press(page, "Derive")
    assert not page.exception
    assert list(page.dataframe[0].value["Activity"]) == ["order: in", "pay: late", "pay: ok"]
    assert "2 became 3" in said(page).replace("\\", "")
    press(page, "Undo")
    assert list(page.dataframe[0].value["Activity"]) == ["b", "a <b>x</b>"]
    press(page, "Redo")
    assert list(page.dataframe[0].value["Activity"]) == ["order: in", "pay: late", "pay: ok"]
    press(page, "Take out")
    assert "No steps" in said(page)
    assert [radio.value for radio in page.radio if radio.label == "Version"] == [2]


def test_what_cannot_be_done_says_why_and_changes_nothing(page: AppTest) -> None:
    page.run()
    next(text for text in page.text_input if text.label == "From").input("{stap}")
    press(page, "Derive")
    assert not page.exception
    assert "did you mean 'step'" in said(page).replace("\\", "")
    assert "No steps" in said(page)


def test_hostile_names_are_shown_as_they_stand(page: AppTest) -> None:
    page.run()
    runtime.current().run("shape", log="orders", add="**call** <i>", after="a <b>x</b>", actor="_ada_")
    page.run()
    assert "add '\\*\\*call\\*\\* \\<i\\>' by hand after 'a \\<b\\>x\\<\\/b\\>'" in said(page)
    assert "added by hand by \\_ada\\_, not observed" in said(page)

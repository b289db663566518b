"""The parts of the data page without a browser: what they say, and that names stay text."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import runtime
from dashboard.runtime import Runtime
from home.registry import load
from home.settings import configure
from tests.ingest.strange import first_days, sap
from tests.ingest.test_quality import Planted

HOSTILE = "![x](http://evil.example/x.png) :red[x] <b>"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A runtime with every command, on a home of its own."""
    made = Runtime(configure({"home": tmp_path / "home"}, {}), load())
    monkeypatch.setattr(runtime, "_current", made)
    yield made
    made.close()


def load_orders(installed: Runtime, planted: Planted) -> None:
    file = installed.settings.home / "orders.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(planted.text())
    installed.run("ingest", source=str(file), log="orders")


def quality_page() -> None:
    import streamlit as st

    from dashboard.parts import quality
    from dashboard.runtime import current

    st.session_state["pages"] = {}
    found = current().run("quality", log="orders")
    quality.chrome.link = lambda *_, **__: None
    quality.show("orders", found)
    quality.sources(found)


def said(page: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*page.markdown, *page.caption, *page.code))


def test_findings_are_told_with_what_to_do_and_how_to_mend_it(installed: Runtime) -> None:
    planted = Planted(cases=120)
    planted.change(lambda r: r.activity == "Ship" and r.case < "O0030", activity="ship")
    load_orders(installed, planted)
    page = AppTest.from_function(quality_page, default_timeout=60).run()
    assert not page.exception
    assert "looks like" in said(page) and "If they are one activity, merge them" in said(page)
    assert page.code[0].value == "baton shape orders --rename ship=Ship"
    assert "orders\\.csv" in said(page)


def test_a_hostile_name_stays_text_in_a_finding(installed: Runtime) -> None:
    planted = Planted(cases=120)
    planted.change(lambda r: r.activity == "Ship", activity=HOSTILE)
    planted.change(lambda r: r.activity == HOSTILE and r.case < "O0030", activity=HOSTILE.upper())
    load_orders(installed, planted)
    page = AppTest.from_function(quality_page, default_timeout=60).run()
    told = "\n".join(str(m.value) for m in page.markdown)
    assert "EVIL" in told
    assert "![" not in told and ":red[x]" not in told and "<b>" not in told


def form_page(looked) -> None:  # type: ignore[no-untyped-def]
    import streamlit as st

    from dashboard.parts import mapping_form, preview

    preview.columns(looked)
    st.session_state["chosen"] = mapping_form.fields(looked, "k")
    st.session_state["dates"] = mapping_form.dates(looked, "k")
    st.session_state["tz"] = mapping_form.zone(looked, "k")
    if looked.rehearsal:
        preview.events(looked.rehearsal)
        preview.losses(looked.rehearsal, whole=looked.whole)


def looked_at(installed: Runtime, export: Any, **options: Any) -> Any:
    file = installed.settings.home / export.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(export.content)
    return installed.run("inspect", source=str(file), **options)


def test_the_form_begins_with_the_proposal(installed: Runtime) -> None:
    export = sap()
    page = AppTest.from_function(form_page, args=(looked_at(installed, export),), default_timeout=60).run()
    assert not page.exception
    chosen = dict(page.session_state["chosen"])
    assert {k: v for k, v in chosen.items() if not k.startswith("case:")} == export.mapping
    assert {v for k, v in chosen.items() if k.startswith("case:")} == set(export.of_case)
    assert page.session_state["dates"] == (None, False)


def test_a_doubtful_day_waits_for_an_answer(installed: Runtime) -> None:
    looked = looked_at(installed, first_days())
    page = AppTest.from_function(form_page, args=(looked,), default_timeout=60).run()
    assert page.session_state["dates"] == (None, True)
    page.segmented_control[0].select("mdy").run()
    assert page.session_state["dates"] == ("mdy", False)


def data_page() -> None:
    from types import SimpleNamespace

    from dashboard.parts import chrome
    from dashboard.views import data

    chrome.link = lambda *_, **__: SimpleNamespace()
    data.show()


def test_an_empty_home_says_how_to_begin(installed: Runtime) -> None:
    page = AppTest.from_function(data_page, default_timeout=60).run()
    assert not page.exception
    assert any("No event log yet" in s.value for s in page.subheader)
    assert any("Bring in a source" in s.value for s in page.subheader)


def test_a_log_is_shown_with_its_freshness(installed: Runtime) -> None:
    load_orders(installed, Planted(cases=40))
    page = AppTest.from_function(data_page, default_timeout=60).run()
    assert not page.exception
    assert any("1 event log" in c.value and "ago" in c.value for c in page.caption)
    assert [t.label for t in page.tabs][:3] == ["Quality", "Loaded from", "Set aside"]

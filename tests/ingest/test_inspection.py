"""A strange source is shown as it is, and what is proposed for it is right on sources people have."""

import pytest

from home.context import Context, Stores
from home.settings import configure
from ingest.errors import Rejected
from ingest.inspection import Column, InspectRequest, inspect, propose

EXPORT = """Vorgangs-Nr.;Tätigkeit;Beginn (Ortszeit);Ende (Ortszeit);Bearbeiter/in;Betrag
0001;Prüfen;05-01-2026 10:29:13;05-01-2026 10:56:24;Lange;12
0001;Buchen;06-01-2026 10:29:13;06-01-2026 11:56:24;Winter;12
0002;Prüfen;06-01-2026 12:29:13;06-01-2026 12:56:24;Lange;7
"""
MAIL = """Message ID,Received,From,Kind,PO Number
<1@x>,2026-01-06T07:43:04+01:00,Alster,Delivery announced,PO-1
<2@x>,2026-01-06T08:43:04+01:00,Rasch,Invoice received,PO-1
<3@x>,2026-01-06T09:43:04+01:00,Rasch,Invoice received,PO-2
"""


@pytest.fixture
def look(tmp_path):
    configuration = configure({"home": tmp_path / "home"}, {})
    context = Context(configuration, Stores(configuration.settings), actor="tester")

    def looked(text: str, name: str = "export.csv"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return inspect(context, InspectRequest(source=str(file)))

    return looked


def mapped(found):
    return {p.field: p.column for p in found.mapping}


def test_columns_come_with_samples_and_what_they_look_like(look):
    found = look(EXPORT)
    columns = {c.column: c for c in found.columns}
    assert (found.rows_looked_at, found.adapter, found.missing) == (3, "csv", ())
    assert columns["Vorgangs-Nr."].samples == ("0001", "0002")
    kinds = {name: c.looks_like for name, c in columns.items()}
    assert kinds["Beginn (Ortszeit)"] == "time"
    assert kinds["Betrag"] == "number"
    assert kinds["Tätigkeit"] == "text"


def test_a_proposal_names_case_activity_and_both_times(look):
    assert mapped(look(EXPORT)) == {
        "case_id": "Vorgangs-Nr.",
        "activity": "Tätigkeit",
        "start": "Beginn (Ortszeit)",
        "timestamp": "Ende (Ortszeit)",
        "resource": "Bearbeiter/in",
    }


def test_a_case_id_repeats_so_a_row_id_is_not_proposed(look):
    assert mapped(look(MAIL))["case_id"] == "PO Number"


def test_standard_names_are_taken_first(look):
    text = "order,case:concept:name,concept:name,time:timestamp\n1,a,A,2026-01-01\n1,b,B,2026-01-02\n"
    found = look(text)
    assert mapped(found) == {
        "case_id": "case:concept:name",
        "activity": "concept:name",
        "timestamp": "time:timestamp",
    }


def test_what_nothing_looks_like_is_missing(look):
    found = look("a,b\n1,2\n3,4\n")
    assert set(found.missing) == {"case_id", "activity", "timestamp"}
    assert any("--map activity=COLUMN" in line for line in found.lines())


def test_a_source_that_holds_nothing_is_refused(look):
    with pytest.raises(Rejected, match="no events"):
        look("a,b\n")


def test_a_column_serves_one_field_only():
    both = Column(column="Case step", looks_like="text", samples=(), distinct=5, filled=1.0, repeats=True)
    assert len(list(propose([both]))) == 1

"""A strange source is shown as it is, and what is proposed for it is right on sources people have."""

import csv
import io
import shlex
from random import Random

import pytest

from ingest.errors import Rejected
from ingest.inspection.inspect import InspectRequest, inspect
from ingest.inspection.words import fit, tokens
from ingest.mapping_file import MappingFile
from tests.ingest.strange import EXPORTS, STEPS, Strange, events, table

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
def look(room):
    def looked(content, name="export.csv", **options):
        return inspect(room.context, InspectRequest(source=str(room.file(name, content)), **options))

    return looked


def mapped(found):
    """The fields of the event, without attributes of the case."""
    return {p.field: p.column for p in found.mapping if not p.field.startswith("case:")}


def of_case(found):
    return {p.column for p in found.mapping if p.field.startswith("case:")}


def truth_of(export: Strange) -> dict[str, str]:
    made = {"activity": "milestone", "timestamp": "milestone time"} if export.wide else {}
    return export.mapping | made


@pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)
def test_what_is_proposed_for_a_strange_export_is_true_of_it(look, make):
    export = make()
    found = look(export.content, export.name)
    assert mapped(found) == truth_of(export)
    assert found.milestones == export.wide
    if not export.wide:
        assert of_case(found) == export.of_case
    assert {c.column for c in found.columns if c.ambiguous} == export.ambiguous
    assert found.rehearsal is not None
    assert (found.rehearsal.refused, found.rehearsal.set_aside) == ("", export.aside)


@pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)
def test_one_more_command_brings_it_in(room, look, make):
    export = make()
    found = look(export.content, export.name)
    (room.folder / "mapping.toml").write_text(found.content, encoding="utf-8")
    options = {"mapping": str(room.folder / "mapping.toml"), **export.options}
    report = room.load(room.folder / export.name, **options)
    assert report.loaded == found.rehearsal.loaded
    assert report.set_aside == found.rehearsal.set_aside == export.aside
    assert found.commands[-1].startswith("baton ingest ") and "--mapping" in found.commands[-1]


@pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)
def test_the_order_of_columns_does_not_matter(look, make):
    export = make()
    if export.name == "report.csv":  # its preamble is no table
        return
    encoding = "latin-1" if export.name == "sap.csv" else "utf-8-sig"
    text = export.content.decode(encoding)
    delimiter = max(";\t,", key=text.split("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    order = list(range(len(rows[0])))
    Random(7).shuffle(order)
    turned = table([rows[0][i] for i in order], [[row[i] for i in order] for row in rows[1:]], delimiter)
    found = look(turned.encode(encoding), export.name)
    assert mapped(found) == truth_of(export)
    assert set(found.milestones) == set(export.wide)


def test_columns_come_with_samples_and_what_they_look_like(look):
    found = look(EXPORT)
    columns = {c.column: c for c in found.columns}
    assert (found.rows_looked_at, found.adapter, found.missing, found.whole) == (3, "csv", (), True)
    assert columns["Vorgangs-Nr."].samples == ("0001", "0002")
    kinds = {name: c.looks_like for name, c in columns.items()}
    assert kinds["Beginn (Ortszeit)"] == "time"
    assert kinds["Betrag"] == "number"
    assert kinds["Tätigkeit"] == "text"
    assert found.read_as == {"encoding": "utf-8", "delimiter": ";"}


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


def test_standard_names_are_taken_first_and_need_no_mapping(look):
    header = "order,case:concept:name,concept:name,time:timestamp"
    text = f"{header}\n1,a,A,2026-01-01T00:00Z\n1,b,B,2026-01-02T00:00Z\n"
    found = look(text)
    assert mapped(found) == {
        "case_id": "case:concept:name",
        "activity": "concept:name",
        "timestamp": "time:timestamp",
    }
    assert found.commands[-1].endswith("export.csv --log export")


def test_what_nothing_looks_like_is_missing_and_asked_for(look):
    found = look("a,b\n1,2\n3,4\n")
    assert set(found.missing) == {"case_id", "activity", "timestamp"}
    assert found.content is None and found.rehearsal is None
    assert any("--map activity=COLUMN" in line for line in found.lines())


def test_a_source_that_holds_nothing_is_refused(look):
    with pytest.raises(Rejected, match="no events"):
        look("a,b\n")


def test_an_order_of_dates_that_nobody_can_tell_is_asked_for_with_examples(look):
    found = look(
        "Ticket,Status,When\n1,Open,03/04/2025 10:00\n1,Closed,05/04/2025 10:00\n2,Open,03/04/2025 11:00\n"
    )
    (decision,) = [d for d in found.decisions if d.needed]
    assert (decision.option, decision.answers) == ("dates", ("dmy", "mdy"))
    assert "3 April (--dates dmy) or 4 March (--dates mdy)" in decision.question
    assert [c.split(" --dates ")[1].split()[0] for c in found.commands[-2:]] == ["dmy", "mdy"]
    settled = look("Ticket,Status,When\n1,Open,03/04/2025 10:00\n1,Closed,05/04/2025 10:00\n", dates="dmy")
    assert not [d for d in settled.decisions if d.needed]
    assert MappingFile.parse(settled.content, "m").dates == "dmy"


def test_dates_that_mix_both_orders_are_said_to_be_unreadable(look):
    rows = "1,Open,23/04/2025 10:00\n1,Closed,04/25/2025 10:00\n2,Open,03/04/2025 11:00\n"
    found = look(f"Ticket,Status,When\n{rows}")
    assert not [d for d in found.decisions if d.option == "dates"]
    assert any("mixes day-month and month-day" in note for note in found.notes)
    assert "ambiguous" in found.rehearsal.refused


def test_rows_that_would_be_set_aside_come_with_line_column_and_reason(look):
    found = look("Case ID,Activity,Time\n1,A,2025-01-01 10:00\n1,,2025-01-02 10:00\n2,A,soon\n2,A\n")
    told = {(r.where, r.column, r.reason) for r in found.rehearsal.examples}
    assert told == {
        ("line 3", "Activity", "no activity"),
        ("line 4", "Time", "'soon' is no time, or is not written like the others"),
        ("line 5", None, "too few fields: 2 where the header has 3"),
    }
    assert (found.rehearsal.loaded, found.rehearsal.set_aside) == (1, 3)


def test_all_looks_at_every_row(look, monkeypatch):
    monkeypatch.setattr("ingest.inspection.inspect.LOOKED_AT", 50)
    monkeypatch.setattr("ingest.adapters.csv.BLOCK", 2_000)
    rows = [(e.case, STEPS[e.step], f"{e.end:%Y-%m-%d %H:%M}") for e in events()]
    text = table(["Order", "Step", "At"], [*rows, ("9", "Ship", "never")])
    whole = look(text, all=True)
    assert whole.whole and whole.rehearsal.set_aside == 1
    assert whole.rehearsal.examples[0].where == f"line {len(rows) + 2}"


def test_zones_and_days_are_told(look):
    zoned = look(MAIL)
    assert {c.column: c.naive for c in zoned.columns}["Received"] is False
    assert not any(d.option == "tz" for d in zoned.decisions)
    days = look(
        "Order,Step,Date,Time of day\n1,A,2025-03-01,10:30\n1,B,2025-03-02,11:00\n2,A,2025-03-02,09:15\n"
    )
    assert {c.column: c.looks_like for c in days.columns}["Time of day"] == "clock"
    assert any("'Time of day'" in note and "days without a time of day" in note for note in days.notes)
    assert any(d.option == "tz" and not d.needed for d in days.decisions)


def test_what_is_said_wins_over_what_is_proposed(look):
    rows = [(f"C{e.case % 9}", f"O{e.case}", STEPS[e.step], f"{e.end:%Y-%m-%d %H:%M}") for e in events()]
    text = table(["customer", "order id", "step", "at"], rows)
    assert mapped(look(text))["case_id"] == "order id"
    assert look(text).cases[0].column == "order id"
    assert mapped(look(text, map=("case_id=customer",)))["case_id"] == "customer"


def test_a_mapping_file_can_be_tried(room, look):
    mapping = room.file("m.toml", '[map]\ncase_id = "a"\nactivity = "b"\ntimestamp = "c"\n')
    found = look("a,b,c\n1,2,2025-01-01\n1,3,2025-01-02\n", mapping=str(mapping))
    assert mapped(found) == {"case_id": "a", "activity": "b", "timestamp": "c"}
    assert found.rehearsal.loaded == 2


def test_nothing_is_loaded_and_nothing_is_left(room, look):
    before = room.counts()
    look(EXPORT)
    assert room.counts() == before
    assert not list((room.folder / "home" / "tmp").glob("*"))


def test_the_next_command_survives_a_hostile_file_name(look):
    found = look(EXPORT, name="a b; echo $(x).csv")
    words = shlex.split(found.commands[-1].split("#")[0])
    assert words[2].endswith("a b; echo $(x).csv")
    assert words[words.index("--log") + 1] == "a_b_echo_x"


def test_control_characters_do_not_reach_the_terminal(look):
    text = "Case ID,Activity,Time\n1,\x1b[31mred,2025-01-01 10:00\n1,B,2025-01-02 10:00\n"
    assert all("\x1b" not in line for line in look(text).lines())


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("case_id", "_CASE_KEY"), ("case_id", "caseId"), ("case_id", "Vorgangs-Nr."),
        ("case_id", "N° dossier"),
        ("activity", "ACTIVITY_EN"), ("activity", "Étape"), ("activity", "作業"), ("activity", "stepName"),
        ("timestamp", "EVENTTIME"), ("timestamp", "sys_created_on"), ("timestamp", "完了日時"),
        ("start", "startedAt"), ("resource", "Sachbearbeiter"), ("resource", "担当者"),
    ],
)  # fmt: skip
def test_names_of_many_systems_say_what_they_are(field, name):
    others = [f for f in ("case_id", "activity", "timestamp", "resource") if f != field]
    assert fit(field, name) > 0.4
    assert all(fit(field, name) > fit(other, name) for other in others if field != "start")


def test_a_name_is_split_where_people_see_words():
    assert tokens("sysCreatedOn") == ("sys", "created", "on")
    assert tokens("HTTPStatus_code") == ("http", "status", "code")
    assert tokens("Tätigkeit") == ("tatigkeit",)


def test_several_things_in_one_source_are_offered_for_choice(room, look):
    lists = '{"orders": [{"id": 1, "step": "a", "at": "2025-01-01"}], "lines": [{"x": 1}]}'
    found = look(lists, "two.json")
    (decision,) = found.decisions
    assert (decision.option, decision.needed, decision.answers) == ("records", True, ("orders", "lines"))
    assert found.commands[0].endswith("two.json --records orders")
    assert mapped(look(lists, "two.json", records="orders"))["timestamp"] == "at"


def test_sheets_and_tables_are_offered_for_choice(room, look):
    import sqlite3

    import openpyxl

    book = openpyxl.Workbook()
    for name in ("Orders", "It's"):
        book.create_sheet(name).append(["x"])
    book.save(room.folder / "two.xlsx")
    with sqlite3.connect(room.folder / "erp.db") as database:
        database.execute("create table orders(id, step, at)")
        database.execute("create table lines(x)")
    for file, option, names in (
        ("two.xlsx", "sheet", {"Orders", "It's"}),
        ("erp.db", "table", {"orders", "lines"}),
    ):
        found = inspect(room.context, InspectRequest(source=str(room.folder / file)))
        assert (found.decisions[0].option, set(found.decisions[0].answers)) == (option, names)
        assert [shlex.split(c)[-1] for c in found.commands] == list(found.decisions[0].answers)


def test_events_are_shown_as_they_would_be_loaded(look):
    found = look(EXPORT, dates="dmy", tz="Europe/Berlin", map=("case:Betrag=Betrag",))
    first = found.rehearsal.events[0]
    assert (first.case_id, first.activity, first.resource) == ("0001", "Prüfen", "Lange")
    assert f"{first.start:%Y-%m-%d %H:%M}" == "2026-01-05 09:29"
    assert first.attributes == {"Betrag": "12.0"} or first.attributes == {"Betrag": "12"}


def test_exactly_what_is_said_is_tried(look):
    said = ("case_id=Vorgangs-Nr.", "activity=Tätigkeit", "timestamp=Ende (Ortszeit)")
    found = look(EXPORT, map=said, exact=True)
    assert mapped(found) == dict(pair.split("=") for pair in said)
    assert look(EXPORT, map=said[:2], exact=True).missing == ("timestamp",)


def test_the_example_of_a_doubtful_date_reads_differently_in_both_orders(look):
    found = look("Ticket,Status,When\n1,Open,01/01/2025\n1,Closed,02/02/2025\n2,Open,03/04/2025\n")
    (decision,) = [d for d in found.decisions if d.needed]
    assert (decision.example, decision.meanings) == ("03/04/2025", ("3 April", "4 March"))


STANDARD = {"case_id": "case_id", "activity": "activity", "start": "start_time", "timestamp": "end_time",
            "resource": "resource"}  # fmt: skip
CAPITALS = STANDARD | {"activity": "Activity", "resource": "Resource"}
XES_NAMES = {"case_id": "case:concept:name", "activity": "concept:name", "timestamp": "time:timestamp",
             "resource": "org:resource"}  # fmt: skip
PUBLIC = {
    "Insurance_Claims_train.csv.gz": STANDARD,
    "LoanApp_simplified_train.csv.gz": STANDARD,
    "LoanApp_simplified_test.csv.gz": STANDARD,
    "Loan_Application_WTs.csv.gz": CAPITALS,
    "Loan_Application_batched.csv.gz": CAPITALS,
    "waiting/Loan_Application_5_timers.csv.gz": STANDARD,
    "waiting/Procure_to_Pay_5_timers.csv.gz": STANDARD,
    "waiting/manual_log_1.csv": CAPITALS,
    "waiting/manual_log_2.csv": CAPITALS,
    "onboard_client.csv.gz": {
        "case_id": "process", "activity": "activity", "start": "start", "timestamp": "end",
        "resource": "resource",
    },
    "receipt.csv": XES_NAMES | {"lifecycle": "lifecycle:transition"},
    "running-example.csv": XES_NAMES | {"cost": "Costs"},
}  # fmt: skip


@pytest.mark.logs
@pytest.mark.parametrize("file", PUBLIC)
def test_what_is_proposed_for_a_public_log_is_what_its_page_maps(room, public_logs, file):
    found = inspect(room.context, InspectRequest(source=str(public_logs / file)))
    assert mapped(found) == PUBLIC[file]
    assert found.milestones == () and found.missing == ()
    assert found.rehearsal.set_aside == 0 and not found.rehearsal.refused


def test_how_times_are_written_is_said(look):
    columns = {c.column: c.written for c in look(EXPORTS[0]().content).columns}
    assert columns["Erfaßt am"] == "dates are written day before month"
    assert "day before month" in next(
        p.why for p in look(EXPORTS[0]().content).mapping if p.field == "timestamp"
    )


def test_the_answer_of_a_service_names_the_file_as_it_was_typed(room, look):
    ticket = room.folder / "home" / "uploads" / "abc"
    ticket.mkdir(parents=True)
    (ticket / "export.csv").write_text(EXPORT)
    found = inspect(room.context, InspectRequest(source="upload:abc", dates="dmy"))
    told = found.as_asked({"upload:abc": "my files/export.csv"})
    assert shlex.split(told.commands[-1])[2] == "my files/export.csv"
    assert "--log export " in told.commands[-1]

"""Masked values are nowhere in the home, equal ones stay equal, and nothing is masked by halves."""

import gzip
import json
from pathlib import Path

import pytest

from home.context import Context, Stores
from home.errors import SettingError, UsageError
from home.settings import configure
from ingest.contracts import LogRequest
from ingest.logs import list_set_aside
from ingest.mask import Mask, mask_key
from tests.ingest.conftest import Room

KEY = "k" * 40
NAMES = ("Aurelia Zyxquist", "Bartholomew Qwxyz", "Cornelius Vbnmk")
ROWS = [(f"Q{c}-{s}", f"K{c}", s, NAMES[(c + s) % 3]) for c in range(40) for s in range(5)]
CSV = "case_id,activity,timestamp,resource,note\n" + "".join(
    f"{case},step {s},2026-01-05T{s:02d}:00:00Z,{who},ok\n" for _, case, s, who in ROWS
)
XES = """<?xml version="1.0"?><log xes.version="1.0">
<trace><string key="concept:name" value="K1"/>
<event><string key="concept:name" value="a"/><date key="time:timestamp" value="2026-01-05T10:00:00Z"/>
<string key="org:resource" value="Aurelia Zyxquist"><string key="badge" value="Aurelia Zyxquist"/></string>
</event></trace></log>"""


@pytest.fixture
def masking(tmp_path, monkeypatch):
    """A room whose setting `mask_key` names a key."""
    monkeypatch.setenv("THE_KEY", KEY)
    room = Room(tmp_path)
    configuration = configure({"home": tmp_path / "home", "mask_key": "env:THE_KEY"}, {})
    room.context = Context(configuration, Stores(configuration.settings), actor="tester")
    return room


def everything_in(home: Path) -> bytes:
    """Every byte of every file below the home folder, names included."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "events.duckdb" for path in files)
    return b"".join(path.name.encode() + path.read_bytes() for path in files)


def assert_gone(room: Room, *texts: str) -> None:
    """No text lies in the home, before a checkpoint, after it, and in no UTF-16 either."""
    for _ in range(2):
        found = everything_in(room.folder / "home")
        for text in texts:
            assert text.encode() not in found, text
            assert text.encode("utf-16-le") not in found, text
        with room.context.events.cursor() as cursor:
            cursor.execute("checkpoint")


def test_the_search_finds_what_is_not_masked(room):
    room.load(room.file("a.csv", CSV))
    with pytest.raises(AssertionError, match="Aurelia"):
        assert_gone(room, *NAMES)


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_masked_is_nowhere_in_the_home(masking, packed):
    content = CSV.encode()
    path = masking.file("a.csv.gz" if packed else "a.csv", gzip.compress(content) if packed else content)
    report = masking.load(path, mask=("resource",))
    assert (report.status, report.loaded) == ("ok", len(ROWS))
    assert_gone(masking, *NAMES, KEY)
    tokens = {row["resource"] for row in masking.rows("event")}
    assert len(tokens) == 3
    assert all(token.startswith("m_") and len(token) == 18 for token in tokens)


def test_rows_set_aside_and_findings_are_masked_too(masking):
    torn = f'K1,step,2026-01-06T00:00:00Z,{NAMES[0]},{NAMES[1]},more\n"K2,{NAMES[2]}"x,broken\n'
    late = f"K1,step,yesterday,{NAMES[0]},ok\n,step,2026-01-06T00:00:00Z,{NAMES[1]},ok\n"
    report = masking.load(masking.file("a.csv", CSV + late + torn), mask=("resource",))
    assert report.status == "quarantine"
    assert report.seen == report.loaded + report.set_aside == len(ROWS) + 4
    assert_gone(masking, *NAMES)
    shown = list_set_aside(masking.context, LogRequest(log="orders")).model_dump_json()
    assert not any(name in shown + report.model_dump_json() for name in NAMES)


def test_cases_of_two_systems_still_join(masking):
    masking.load(masking.file("a.csv", CSV), mask=("case_id",), system="ERP")
    other = "Order,What,At\n" + "".join(f"K{c},paid,2026-02-01,\n".replace(",\n", "\n") for c in range(40))
    wish = ("case_id=Order", "activity=What", "timestamp=At")
    report = masking.load(
        masking.file("b.csv", other), map=wish, mask=("case_id",), system="Bank", append=True
    )
    assert (report.cases, report.events) == (40, len(ROWS) + 40)
    assert_gone(masking, ",K17,", "K17,", '"K17"')


def test_nested_copies_in_json_are_masked(masking):
    records = [
        {
            "case_id": "K1",
            "activity": f"step {i}",
            "timestamp": "2026-01-05",
            "resource": name,
            "log": [{"who": name, "resource": f"{name} senior"}, {"n": i}],
        }
        for i, name in enumerate(NAMES)
    ]
    masking.load(masking.file("a.json", json.dumps(records)), mask=("resource",))
    assert_gone(masking, *NAMES)
    kept = [json.loads(row["log"]) for row in masking.rows("event")]
    assert [entry[1]["n"] for entry in kept] == ["0", "1", "2"]
    assert all(entry[0]["who"].startswith("m_") for entry in kept)


def test_nested_attributes_of_xes_are_masked(masking):
    masking.load(masking.file("a.xes", XES), mask=("resource",))
    assert_gone(masking, *NAMES)


def test_an_attribute_of_the_case_and_a_plain_column_can_be_masked(masking):
    content = CSV.replace(",note\n", ",case:client\n").replace(",ok\n", ",Umbrella Ltd\n")
    masking.load(masking.file("a.csv", content), "x", mask=("case:client",))
    masking.load(masking.file("b.csv", CSV.replace(",ok\n", ",Umbrella Ltd\n")), "y", mask=("note",))
    assert_gone(masking, "Umbrella Ltd")


def test_what_cannot_be_masked_is_refused(masking, room):
    path = masking.file("a.csv", CSV)
    assert "no column to mask" in masking.rejected(path, mask=("resuorce",)).message
    with pytest.raises(UsageError, match="timestamp cannot be masked"):
        masking.load(path, mask=("timestamp",))
    with pytest.raises(SettingError, match="mask_key"):
        room.load(path, mask=("resource",))
    for reference in ("env:NO_SUCH_KEY", "the key itself"):
        with pytest.raises(SettingError):
            mask_key(reference)


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv("THE_KEY", "secret")
    with pytest.raises(SettingError, match="shorter"):
        mask_key("env:THE_KEY")


def test_masking_is_part_of_how_a_source_was_loaded(masking):
    path = masking.file("a.csv", CSV)
    masking.load(path, mask=("resource",))
    assert "nothing changed" in masking.load(path, mask=("resource",)).message
    assert masking.load(path, mask=("resource", "note"), append=True).events == 2 * len(ROWS)


def test_a_mapping_file_can_ask_for_masks(masking):
    mapping = masking.file("map.toml", 'mask = ["resource"]\n')
    masking.load(masking.file("a.csv", CSV), mapping=str(mapping))
    assert_gone(masking, *NAMES)


def test_other_keys_give_other_tokens_and_blank_stays_blank():
    one, other = Mask(("resource",), b"a" * 32), Mask(("resource",), b"b" * 32)
    assert one.token("Bob") == one.token("Bob") != other.token("Bob")
    assert (one.token(""), one.token(" ")) == ("", " ")

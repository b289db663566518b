"""Attachments: the bytes come back as they were, whatever they are called, and go when they have to."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.context import Context
from home.errors import NotFound, UsageError
from home.settings import Configuration
from orchestrate.people.approvals import AlreadyDecided
from orchestrate.people.attachments import (
    FOLDER,
    Attachment,
    AttachmentRequest,
    AttachRequest,
    TooLarge,
    attach,
    attachment,
    safe_name,
)
from orchestrate.records.forget import ForgetRequest, forget
from orchestrate.records.retention import RetentionRequest, retention

from .conftest import MakeOffice, Office, human

BYTES = bytes(range(256)) * 4


def put(here: Office, path: Path, task: str, content: bytes = BYTES, by: str = "ada") -> Attachment:
    path.write_bytes(content)
    return attach(here.context, AttachRequest(task=task, file=str(path), by=by))


def kept(context: Context) -> list[str]:
    """Files under their sums; each has the bytes that its name says."""
    files = [path for path in (context.home / FOLDER).rglob("*") if path.is_file()]
    assert all(path.name == hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    return sorted(path.name for path in files)


def test_a_file_comes_back_as_it_was_and_is_kept_once(office: MakeOffice, tmp_path: Path) -> None:
    here = office(human("enter"), human("approve"))
    here.start(2)
    one, two = (row.task for row in here.tasks())
    first = put(here, tmp_path / "offer.pdf", one)
    assert (first.n, first.file, first.size) == (1, "offer.pdf", 1024)
    assert put(here, tmp_path / "again.pdf", one).n == 2
    assert put(here, tmp_path / "other.pdf", two).sha256 == first.sha256
    assert kept(here.context) == [first.sha256]
    written = attachment(here.context, AttachmentRequest(task=one, n=1, output=str(tmp_path / "copy.pdf")))
    assert Path(written.path).read_bytes() == BYTES
    with pytest.raises(UsageError, match="File exists"):
        attachment(here.context, AttachmentRequest(task=one, n=1, output=str(tmp_path / "copy.pdf")))
    with pytest.raises(NotFound, match="no attachment 9"):
        attachment(here.context, AttachmentRequest(task=one, n=9))
    here.decide(one, "bob")
    later = next(row for row in here.tasks() if row.run == one.removesuffix(".1") and row.step == "Approve")
    assert [file["file"] for file in later.attachments] == ["offer.pdf", "again.pdf"]
    with pytest.raises(AlreadyDecided):
        put(here, tmp_path / "late.pdf", one, b"late")
    assert kept(here.context) == [first.sha256]


def test_what_is_too_large_leaves_nothing(office: MakeOffice, tmp_path: Path) -> None:
    here = office(human("approve"))
    here.start()
    (task,) = here.tasks()
    bounds = {"attachment_bytes": 1024, "attachments_bytes": 1500}
    bounded = Configuration(here.context.settings.model_copy(update=bounds), {})
    here.context = Context(bounded, here.context.stores, clock=here.clock)
    with pytest.raises(TooLarge, match="larger than the limit of 1,024"):
        put(here, tmp_path / "big.bin", task.task, BYTES + b"x")
    put(here, tmp_path / "fits.bin", task.task)
    put(here, tmp_path / "same.bin", task.task)
    with pytest.raises(TooLarge, match=r"1,536 bytes, more than the limit of 1,500"):
        put(here, tmp_path / "more.bin", task.task, bytes(512))
    assert len(kept(here.context)) == 1
    assert [file["file"] for file in here.tasks()[0].attachments] == ["fits.bin", "same.bin"]
    with pytest.raises(UsageError, match="Cannot read"):
        attach(here.context, AttachRequest(task=task.task, file=str(tmp_path), by="ada"))


@settings(max_examples=30)
@given(st.text(max_size=200))
def test_a_name_leads_nowhere_and_shows_what_it_is(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert safe.isprintable()
    assert not safe.startswith(".")
    assert not set(safe) & set("/\\\0\n\r\"'<>|:*?")


def test_names_are_kept_where_they_are_harmless() -> None:
    for given_, safe in {
        "../../etc/passwd": "passwd",
        "C:\\temp\\Angebot März (2).pdf": "Angebot März (2).pdf",
        "a\u202efdp.exe": "a_fdp.exe",
        "...": "file",
        'x"; filename="y.html': "x__ filename__y.html",
    }.items():
        assert safe_name(given_) == safe


def test_files_go_with_their_runs_forgotten_or_let_go(office: MakeOffice, tmp_path: Path) -> None:
    here = office(human("approve"))
    here.start(key="PO-17")
    here.start(key="PO-18")
    one, two = (row.task for row in sorted(here.tasks(), key=lambda row: row.key or ""))
    put(here, tmp_path / "own.txt", one, b"only of PO-17")
    shared = put(here, tmp_path / "shared.txt", one, b"of both")
    put(here, tmp_path / "shared.txt", two, b"of both")
    here.engine.post(one.removesuffix(".1"), "cancel", {"undo": False})
    here.settle()
    forget(here.context, ForgetRequest(case="PO-17"))
    assert kept(here.context) == [shared.sha256]
    assert here.context.state.rows("select task from attachment") == [{"task": two}]
    here.engine.post(two.removesuffix(".1"), "cancel", {"undo": False})
    here.settle(days=40)
    retention(here.context, RetentionRequest(days=30, no_archive=True))
    assert kept(here.context) == []


def test_forgetting_a_person_empties_the_directory_of_them(office: MakeOffice, tmp_path: Path) -> None:
    here = office(human("approve"))
    here.person("Eleanor", skill=("law",))
    here.person("bob", deputy="Eleanor")
    here.start()
    (task,) = here.tasks()
    put(here, tmp_path / "Eleanor.txt", task.task, by="Eleanor")
    here.decide(task.task, "Eleanor")
    found = forget(here.context, ForgetRequest(person="Eleanor"))
    assert {place.where for place in found.places} >= {
        "person login", "person_tag login", "person deputy", "attachment file", "attachment who", "audit",
    }  # fmt: skip
    assert here.context.state.rows("select login, deputy from person") == [{"login": "bob", "deputy": None}]
    dump = " ".join(map(str, here.context.state.rows("select file, who from attachment")))
    assert "Eleanor" not in dump
    assert "erased-" in dump

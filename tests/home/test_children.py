"""Child processes: results, errors, cancellation, and limits of time and memory."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from home.children import Children, ComputationFailed
from home.errors import Cancelled, Refused, unknown
from home.jobs import Job


def add(a: int, b: int = 1) -> int:
    return a + b


def refuse(what: str) -> None:
    raise Refused(f"{what} is refused.", hint="Do not ask.")


def not_found(name: str) -> None:
    raise unknown("log", name, ["orders"], listing="baton logs")


def burn(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def hoard(size: int) -> int:
    return len(bytearray(size))


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children(size=1, memory_bytes=600 * 2**20, deadline_s=20)
    yield made
    made.close()


def test_a_child_computes_and_is_used_again(children: Children) -> None:
    assert children.compute(Job(), add, 2, b=3) == 5
    first = children._idle[0].process.pid
    assert children.compute(Job(), add, 2) == 3
    assert children._idle[0].process.pid == first


def test_errors_cross_with_all_they_carry(children: Children) -> None:
    with pytest.raises(Refused) as error:
        children.compute(Job(), refuse, "This")
    assert (error.value.message, error.value.hint) == ("This is refused.", "Do not ask.")
    with pytest.raises(Exception, match="No log called 'oders'"):
        children.compute(Job(), not_found, "oders")


def test_a_cancelled_job_ends_its_child(children: Children) -> None:
    job = Job()
    threading.Timer(0.5, job.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        children.compute(job, burn, 60.0)
    assert time.monotonic() - began < 10
    assert children.compute(Job(), add, 1) == 2


def test_a_deadline_ends_the_child_and_says_so() -> None:
    children = Children(size=1, memory_bytes=600 * 2**20, deadline_s=1)
    with pytest.raises(ComputationFailed, match="took longer than 1 s"):
        children.compute(Job(), burn, 60.0)
    children.close()


def test_a_child_that_wants_too_much_memory_is_told_apart(children: Children) -> None:
    with pytest.raises(ComputationFailed, match=r"needed more than 0\.6 GB"):
        children.compute(Job(), hoard, 2 * 2**30)
    assert children.compute(Job(), add, 1) == 2


def test_a_child_that_died_while_idle_is_replaced(children: Children) -> None:
    assert children.compute(Job(), add, 1) == 2
    children._idle[0].process.kill()
    children._idle[0].process.wait()
    assert children.compute(Job(), add, 2) == 3


def test_whatever_is_main_here_does_not_run_in_a_child(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit makes the page that runs `__main__`; a child that ran it again would not come up."""
    page = ModuleType("__main__")
    page.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text("raise SystemExit(3)")
    monkeypatch.setitem(sys.modules, "__main__", page)
    assert children.compute(Job(), add, 1) == 2

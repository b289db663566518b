"""A question that takes long ends soon after it is cancelled, or after Ctrl-C, and says no more than that."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from home.errors import Cancelled
from home.jobs import Job
from mining.lens import lens

ENDLESS = "select sum(a.range * b.range) from range(1000000000) a, range(1000000) b"


@pytest.fixture(scope="module")
def log(shelf) -> str:
    return shelf.log({"1": ["A", "B"]})


def soon(act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(0.3, act)
    timer.start()
    return timer


@pytest.mark.parametrize("where", [None, "events > 1"])
def test_a_cancelled_job_ends_its_query(shelf, log, monkeypatch, where):
    job = Job("map")
    monkeypatch.setattr(shelf.context, "job", job)
    with pytest.raises(Cancelled), lens(shelf.context, log, where=where) as view:
        soon(job.cancel)
        view.cursor.execute(ENDLESS)


@pytest.mark.long  # it needs a process that hears Ctrl-C, which one started in the background may not
def test_ctrl_c_ends_a_query_as_an_interrupt(shelf, log):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), lens(shelf.context, log) as view:
        soon(lambda: os.kill(os.getpid(), signal.SIGINT))
        view.cursor.execute(ENDLESS)


def test_the_log_can_be_asked_again_afterwards(shelf, log):
    with lens(shelf.context, log) as view:
        assert view.cursor.execute("select count(*) from instance").fetchone() == (2,)

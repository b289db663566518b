"""Stops a query that runs when its job is cancelled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from home.duck import Cursor
from home.jobs import Job

LOOKED_EVERY_S = 0.1


@contextmanager
def interruptible(cursor: Cursor, job: Job) -> Iterator[None]:
    """What the cursor runs in this block ends soon after the job is cancelled, and raises `Cancelled`."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOKED_EVERY_S):
            if job.cancelled:
                cursor.interrupt()  # again and again: the next statement may just have begun

    watcher = threading.Thread(target=watch, name="interruptible", daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.InterruptException:
        job.check()
        raise
    except RuntimeError as error:
        if "interrupted" in str(error).lower():  # what DuckDB makes of Ctrl-C
            raise KeyboardInterrupt from error
        raise
    finally:
        done.set()
        watcher.join()

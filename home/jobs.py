"""A job: what long work reports to and is cancelled through."""

import threading
from collections.abc import Callable


class Job:
    """Progress out, cancellation in. Safe to use from several threads."""

    def __init__(self, name: str = "", report: Callable[[float | None, str], None] | None = None) -> None:
        self.name = name
        self.fraction: float | None = None
        self.message = ""
        self._report = report
        self._cancelled = threading.Event()

    def progress(self, fraction: float | None, message: str) -> None:
        """Say how far the work is: `fraction` from 0 to 1, or `None` while that is unknown.

        Also the place where a cancelled job stops: raises `Cancelled`.
        """
        self.check()
        self.fraction, self.message = fraction, message
        if self._report is not None:
            self._report(fraction, message)

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked the job to stop."""
        if self._cancelled.is_set():
            from home.errors import Cancelled

            raise Cancelled()

    def cancel(self) -> None:
        """Ask the job to stop at its next check."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._cancelled.is_set()

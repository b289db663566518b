"""Looks after alerts as long as a worker runs: what is over settles itself, what is new is told."""

import logging
import threading
from time import monotonic

from home.alerting import read_alerting
from home.context import Context
from home.errors import SettingError
from orchestrate.alerts.gather import gather
from orchestrate.alerts.kinds import KINDS
from orchestrate.alerts.send import send_due
from orchestrate.alerts.store import look

log = logging.getLogger("baton.alerts")
EVERY_S, LONGEST_S = 5.0, 60.0
REST = 50
"""A look is followed by a rest of so many times as long as it took, however many alerts are open."""


class Alerting:
    """One per worker; any number may run on one database.

    Raises `SettingError` where `[alerts]` of baton.toml cannot be understood.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = read_alerting(context.home)
        for kind in self._settings.kinds:
            if kind not in KINDS:
                raise SettingError(
                    f"{context.home / 'baton.toml'}, table [alerts], 'kinds': there is no kind {kind!r}.",
                    hint=f"There are {', '.join(KINDS)}.",
                )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a message that is being sent is sent, or sent again by another worker."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def beat(self) -> None:
        """Look once."""
        look(self._context.state, self._context.clock.now().timestamp())
        if self._settings.to:
            gather(self._context.state, self._settings, self._context.clock)
            send_due(self._context, self._settings)

    def _run(self) -> None:
        pause = EVERY_S
        while not self._ended.wait(pause):
            begun = monotonic()
            try:
                self.beat()
            except Exception:
                log.exception("alerts could not be looked at; the next look is in a while")
            pause = min(LONGEST_S, max(EVERY_S, REST * (monotonic() - begun)))

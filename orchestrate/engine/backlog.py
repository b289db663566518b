"""How many runs may wait for a worker: beyond that nobody starts another."""

import threading
import time
from weakref import WeakKeyDictionary

from home.context import Context
from home.database import Database
from home.errors import Refused

WAITING = (
    "select count(*) as n from (select 1 from run where owner is null and status = 'open' and simulated = 0"
    " and due is not null and due <= :now limit :most) waiting"
)
COUNTED_EVERY_S = 1.0
_counted: "WeakKeyDictionary[Database, tuple[float, bool]]" = WeakKeyDictionary()
_guard = threading.Lock()


class TooMany(Refused):
    """So many runs wait to be driven that no more are started; try again in a moment."""

    code = "too_many"
    retryable = True


def refuse_beyond(context: Context) -> None:
    """Raise `TooMany` while as many runs wait for a worker as the setting `run_backlog` allows.

    They are counted at most once a second in a process, so a burst may go a little beyond.
    """
    most, tick = context.settings.run_backlog, time.monotonic()
    with _guard:
        at, full = _counted.get(context.state, (float("-inf"), False))
    if tick - at > COUNTED_EVERY_S:
        now = context.clock.now().timestamp()
        row = context.state.row(WAITING, {"now": now, "most": most})
        full = row is not None and row["n"] >= most
        with _guard:
            _counted[context.state] = (tick, full)
    if full:
        raise TooMany(
            f"{most:,} runs wait for a worker already, as many as may.",
            hint="Try again in a moment; start more workers, or raise run_backlog.",
        )

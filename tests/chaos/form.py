"""The two forms of the chaos tests: a quick one for every day, and the long one of `make chaos`."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

LONG = os.environ.get("BATON_TEST_CHAOS") == "long"
PATIENCE_S = 120.0
GLANCE_S = 0.02


def rounds(quick: int, long: int) -> int:
    """How often to do it."""
    return long if LONG else quick


def wait(found: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_S) -> Any:
    """What `found` answers once it is true. Processes are waited for, so a glance costs a pause."""
    deadline = time.monotonic() + patience_s
    while not (answer := found()):
        assert time.monotonic() < deadline, f"it did not happen in time: {what}"
        time.sleep(GLANCE_S)
    return answer


def tell(what: str, **figures: Any) -> None:
    """Say what was measured; `make chaos` shows it."""
    said = ", ".join(f"{name} {value}" for name, value in figures.items())
    sys.stdout.write(f"chaos: {what}: {said}\n")
    sys.stdout.flush()

"""Effects that leave a trace outside the engine, for workers in processes of their own."""

import os
import time
from pathlib import Path
from typing import Any

FOLDER = "BATON_TEST_EFFECTS"


def keep(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Write the key down: one line per time this was really done."""
    line = os.open(Path(os.environ[FOLDER]) / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, f"{key} {os.getpid()}\n".encode())
    os.close(line)
    return {}


def hold(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The same, and do not come back before the gate is open."""
    keep(data, key)
    while not (Path(os.environ[FOLDER]) / "gate").exists():
        time.sleep(0.01)  # another process opens it; there is nothing else to wait on
    return {}

"""Systems that steps call in worker processes; each leaves a trace outside the engine."""

import os
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "BATON_TEST_EFFECTS"
LONGEST_S = 0.03


class Call(NamedTuple):
    """One call that a keyed system got."""

    key: str
    order: str
    """What the run is about, told by its data: a second key for the same work would show."""
    pid: int
    at: float
    """Seconds since 1970, when the call came in."""


def keep(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Write the call down: one line per time this was really done."""
    line = f"{key} {data.get('order', '-')} {os.getpid()} {time.time()!r}\n"
    file = os.open(Path(os.environ[FOLDER]) / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)
    return {}


def work(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The same, and take some milliseconds, so that kills meet calls under way."""
    keep(data, key)
    time.sleep(zlib.crc32(key.encode()) % 1000 / 1000 * LONGEST_S)
    return {}


def hold(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The same, and do not come back before the gate is open."""
    keep(data, key)
    while not (Path(os.environ[FOLDER]) / "gate").exists():
        time.sleep(0.01)  # another process opens it; there is nothing else to wait on
    return {}


def calls(folder: Path) -> list[Call]:
    """Everything that was really done, in order."""
    file = folder / "effects"
    lines = file.read_text().splitlines() if file.exists() else []
    return [Call(key, order, int(pid), float(at)) for key, order, pid, at in map(str.split, lines)]

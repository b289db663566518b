"""The home folder belongs to one process at a time; the lock says which."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from home.errors import Busy


class HomeLock:
    """An exclusive `flock` on the file `lock` of a home folder.

    The kernel drops it when the process ends, however it ends, so no stale lock can remain.
    The file's text names the owner for the people who find the home busy.
    """

    def __init__(self, home: Path, purpose: str) -> None:
        self.path = home / "lock"
        self.purpose = purpose
        self._file: int | None = None

    def acquire(self) -> "HomeLock":
        """Take the lock or raise `Busy`, naming the owner."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(file, 4096, 0).decode(errors="replace")
            os.close(file)
            raise Busy(
                f"The home folder {self.path.parent} is in use by {_describe(owner)}.",
                hint="Wait for it to finish, stop it, or use another folder with --home.",
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"pid": os.getpid(), "purpose": self.purpose}).encode(), 0)
        self._file = file
        return self

    def release(self) -> None:
        """Give the lock back; doing so twice is harmless."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def __enter__(self) -> "HomeLock":
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _describe(owner: str) -> str:
    try:
        found = json.loads(owner)
        return f"`baton {found['purpose']}` (process {found['pid']})"
    except (ValueError, KeyError, TypeError):
        return "another process"

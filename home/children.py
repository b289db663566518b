"""Warm child processes for heavy or untrusted work: bounded in memory and time, killed when cancelled.

A child runs one importable function at a time on plain data. What crosses the pipe is pickled by
`multiprocessing.connection` between processes of this very program; nothing from outside is ever
unpickled.
"""

import gc
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from home.errors import BatonError
from home.jobs import Job

POLL_S = 0.05
TOLD, RESULT, FAILED, OUT_OF_MEMORY = "told", "result", "failed", "out of memory"
"""What a message from a child is."""
BEGIN = "import sys; from home.children import serve; serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])"

_told: Connection | None = None
"""In a child: the pipe to its parent."""


class ComputationFailed(BatonError):
    """A computation in a child process ended without a result.

    `reason` is `deadline`, `memory` or `crash`; `signal` the number of the signal that ended it, or 0.
    """

    code = "computation_failed"

    def __init__(self, message: str, *, hint: str = "", reason: str = "crash", signal: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.signal = signal


class Child:
    """One process and the pipe to it.

    A process of its own making, not one of `multiprocessing`: that would run again in the child
    whatever `__main__` is here, and while a page runs, Streamlit makes the page `__main__`.
    """

    def __init__(self, memory_bytes: int, preload: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            handle = theirs.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-c", BEGIN, str(handle), str(memory_bytes), *preload],
                pass_fds=[handle],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self.pipe = Connection(ours.detach())

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End the process now."""
        self.process.kill()
        self.process.wait()
        self.pipe.close()

    def ended_by(self) -> int:
        """The signal that ended the process, which is about to be gone; 0 where it ended by itself."""
        try:
            return max(0, -self.process.wait(timeout=5))
        except subprocess.TimeoutExpired:
            return 0


class Children:
    """A few children, started when first needed and kept warm."""

    def __init__(
        self, size: int, memory_bytes: int, deadline_s: float, preload: tuple[str, ...] = ()
    ) -> None:
        self._memory, self._deadline, self._preload = memory_bytes, deadline_s, preload
        self._room = threading.Semaphore(size)
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Start one child ahead of its first use."""
        with self._lock:
            self._idle.append(Child(self._memory, self._preload))

    def compute(self, job: Job, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`function(*args, **kwargs)` in a child; raises what it raised.

        Raises `Cancelled` when the job is cancelled and `ComputationFailed` when the child ran out
        of time or memory; either way the child is gone and another takes its place.
        """
        while not self._room.acquire(timeout=POLL_S):
            job.check()
        try:
            child = self._hand_over((function.__module__, function.__qualname__, args, kwargs))
            try:
                succeeded, result = self._await(job, child, function.__qualname__)
            except BaseException:
                child.kill()
                raise
            with self._lock:
                self._idle.append(child)
        finally:
            self._room.release()
        if succeeded:
            return result
        raise result

    def _hand_over(self, work: tuple[str, str, Any, Any]) -> Child:
        """The child that took `work`; one that died while idle is replaced, which a new one cannot be."""
        child = self._take()
        try:
            child.pipe.send(work)
        except ConnectionError:
            child.kill()
            child = Child(self._memory, self._preload)
            child.pipe.send(work)
        return child

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
        return Child(self._memory, self._preload)

    def _await(self, job: Job, child: Child, what: str) -> tuple[bool, Any]:
        end = time.monotonic() + self._deadline
        try:
            while True:
                if child.pipe.poll(POLL_S):
                    kind, found = child.pipe.recv()
                    if kind != TOLD:
                        break
                    job.progress(*found)
                job.check()
                if time.monotonic() > end:
                    raise ComputationFailed(
                        f"{what} took longer than {self._deadline:.0f} s and was stopped.",
                        hint="Narrow the log with --where, or raise child_deadline_s in baton.toml.",
                        reason="deadline",
                    )
        except (EOFError, ConnectionError) as error:
            raise ComputationFailed(
                f"{what} needed more than {self._memory / 2**30:.1f} GB or crashed.",
                hint="Narrow the log with --where, or raise child_memory_bytes in baton.toml.",
                signal=child.ended_by(),
            ) from error
        if kind == OUT_OF_MEMORY:
            raise ComputationFailed(
                f"{what} needed more than {self._memory / 2**30:.1f} GB.",
                hint="Narrow the log with --where, or raise child_memory_bytes in baton.toml.",
                reason="memory",
            )
        return kind == RESULT, found

    def close(self) -> None:
        """End every idle child; busy ones end with their work."""
        with self._lock:
            while self._idle:
                self._idle.pop().kill()


def tell(fraction: float | None, message: str) -> None:
    """From inside a computation: how far it is, for the job it belongs to. Elsewhere nobody listens."""
    if _told is not None:
        _told.send((TOLD, (fraction, message)))


def serve(handle: int, memory_bytes: int, preload: Sequence[str]) -> None:
    """The child's loop: take a function name and its arguments, send back its result or error."""
    import resource
    import signal

    global _told
    pipe = _told = Connection(handle)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    threading.Thread(target=_end_with_parent, args=(handle,), daemon=True).start()
    os.nice(5)  # pages stay quick while a child computes
    # Data, not address space: numeric libraries reserve far more addresses than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    for module in preload:
        import_module(module)
    gc.freeze()  # what stays anyway need not be looked through
    while True:
        try:
            module, name, args, kwargs = pipe.recv()
        except EOFError:
            os._exit(0)  # at once: a library that is torn down beside a thread complains
        try:
            answer: tuple[str, Any] = RESULT, getattr(import_module(module), name)(*args, **kwargs)
        except MemoryError:
            pipe.send((OUT_OF_MEMORY, None))
            return  # this process may not be trusted any further
        except Exception as error:  # noqa: BLE001 - carried to the caller, whatever it is
            answer = FAILED, _portable(error)
        pipe.send(answer)


def _end_with_parent(handle: int) -> None:
    """End this process at once when the other end of the pipe is gone, in the middle of whatever it does."""
    waiting = select.poll()
    waiting.register(handle, 0)  # only that it hung up, which is always told
    while not any(state & (select.POLLHUP | select.POLLERR) for _, state in waiting.poll()):
        pass
    os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error, or one that says the same where it cannot cross to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made a moment ago
    except Exception:  # noqa: BLE001 - whatever its class does wrong
        return ComputationFailed(f"{type(error).__name__}: {error}")
    return error

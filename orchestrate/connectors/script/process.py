"""One process with its whole group: fed, read within bounds, and killed together, whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_KEPT = 16_384
"""Bytes of the end of stderr."""
CHUNK = 65_536
LET_GO_S = 5.0
"""How long an end is waited for that somebody else keeps from coming, who holds the output open."""


class TooMuchOutput(Exception):
    """The program wrote more than it may."""


@dataclass(frozen=True)
class Limits:
    """What a program may use."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    output_bytes: int


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    """Exit code; negative is the signal that killed it."""
    output: bytes
    log: bytes
    """The end of what it wrote to stderr."""


async def run(
    argv: Sequence[str], given: bytes, environment: Mapping[str, str], folder: str, limits: Limits
) -> Ended:
    """Run a program to its end. Raises `TooMuchOutput`; cancelled, it leaves no process behind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        str(limits.cpu_s),
        str(limits.memory_bytes),
        str(limits.file_bytes),
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(process, given))
            output = tasks.create_task(_read(process.stdout, limits.output_bytes))
            log = tasks.create_task(_tail(process.stderr))
            await _ended(process.pid)
            _kill(process.pid)  # what it left running holds its output open, and must not outlive it
            code = await process.wait()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        if process.returncode is None:
            _kill(process.pid)
        await _let_go(process)
    return Ended(code, output.result(), log.result())


async def _ended(pid: int) -> None:
    """Until the process itself has ended; `Process.wait` waits for all who hold its output open, too."""
    loop = asyncio.get_running_loop()
    ended, handle = asyncio.Event(), os.pidfd_open(pid)
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def _let_go(process: asyncio.subprocess.Process) -> None:
    """Read what is left: to asyncio a process has ended when its output has, and a full pipe that nobody
    reads never does.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(LET_GO_S):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(CHUNK):
                    pass
            await process.wait()


def _kill(pid: int) -> None:
    """Kill a process, its group, and its descendants that made groups of their own."""
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _feed(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for above
    with suppress(BrokenPipeError, ConnectionResetError):  # a program need not read what it is given
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    assert stream is not None  # noqa: S101 - asked for above
    found = bytearray()
    while part := await stream.read(CHUNK):
        found += part
        if len(found) > most:
            raise TooMuchOutput
    return bytes(found)


async def _tail(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None  # noqa: S101 - asked for above
    found = b""
    while part := await stream.read(CHUNK):
        found = (found + part)[-LOG_KEPT:]
    return found

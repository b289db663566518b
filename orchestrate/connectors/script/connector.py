"""Runs a program: an RPA bot or an automation that is already there, without a shell and within limits."""

import asyncio
import json
import logging
import shlex
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from home.context import Context
from orchestrate.connectors.options import Options, Reference
from orchestrate.connectors.port import About, CallFailed, Work, options_of
from orchestrate.connectors.script.process import Ended, Limits, TooMuchOutput, run
from orchestrate.connectors.secrets import Secrets

log = logging.getLogger("baton.script")
TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: what programs that mean "try again later" exit with."""
SAID = 400
"""Characters of a program's log that go into a message."""
OWN = ("BATON_KEY", "BATON_RUN", "BATON_STEP", "BATON_ATTEMPT")


class ScriptOptions(Options):
    """Which program, and within what limits."""

    command: list[str] = Field(min_length=1)
    """The program, as a full path, and its arguments: a list, no shell. It must be in `script_allow`."""
    environment: dict[str, Reference] = {}
    """Variables it gets, each by reference; beside them only BATON_KEY, BATON_RUN, BATON_STEP, LANG, PATH."""
    retry_codes: list[int] = [TRY_AGAIN]
    """Exit codes after which it is tried again; every other code but 0 is final."""
    cpu_s: int = Field(default=60, ge=1, le=86_400)
    """Seconds of processor time."""
    memory_mb: int = Field(default=1024, ge=16, le=1_048_576)
    """Address space, in MB."""
    output_bytes: int = Field(default=2**20, ge=1, le=2**26)
    """Most that it may print."""
    file_mb: int = Field(default=256, ge=0, le=1_048_576)
    """Largest file it may write, in MB."""

    @field_validator("command")
    @classmethod
    def _full_path(cls, command: list[str]) -> list[str]:
        if not command[0].startswith("/"):
            raise ValueError("the program is named by its full path")
        if any("\0" in part for part in command):
            raise ValueError("an argument holds a character that none can")
        return command

    @field_validator("environment")
    @classmethod
    def _names(cls, environment: dict[str, str]) -> dict[str, str]:
        for name in environment:
            if not name.replace("_", "a").isalnum() or name in OWN or name.startswith(("LD_", "PYTHON")):
                raise ValueError(f"{name!r} cannot be set")
        return environment


class ScriptConnector:
    """The input is JSON on stdin, the output JSON on stdout; the exit code says how it went."""

    summary = "Runs a program that the setting `script_allow` names: JSON in, JSON out, within limits."
    about = About(
        purpose="Runs an RPA bot, a command-line tool or an automation that is already there.",
        verbs=(
            "run",
            "execute",
            "click",
            "type in",
            "scrape",
            "convert",
            "extract",
            "import",
            "export",
            "copy",
        ),
        systems=(
            "RPA bot",
            "legacy system",
            "desktop application",
            "command line",
            "shell script",
            "SAP GUI",
        ),
        idempotent="hands the idempotency key over as BATON_KEY; the program has to honour it",
        cost="a process",
    )
    options = ScriptOptions

    def __init__(self, context: Context) -> None:
        self._allowed = context.settings.script_allow

    async def call(self, work: Work) -> Mapping[str, Any]:
        """Run the program in an empty folder of its own, which is removed with all that it left there.

        After its time, or when it is cancelled, it is killed with everything it started.
        """
        options, secrets = options_of("script", ScriptOptions, work), Secrets()
        argv = _allowed(options.command, self._allowed)
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **dict(zip(OWN, (work.key, work.run, work.step.id, str(work.attempt)), strict=True)),
            **{name: secrets.of(reference) for name, reference in options.environment.items()},
            **{name.upper().replace("-", "_"): value for name, value in work.trace.items()},
        }
        limits = Limits(options.cpu_s, options.memory_mb << 20, options.file_mb << 20, options.output_bytes)
        given = json.dumps(dict(work.input)).encode()
        with tempfile.TemporaryDirectory(prefix="baton-script-", ignore_cleanup_errors=True) as folder:
            try:
                async with asyncio.timeout(work.timeout_s):
                    ended = await run(argv, given, {**environment, "HOME": folder}, folder, limits)
            except TimeoutError as error:
                raise CallFailed(f"{argv[0]} was not done within {work.timeout_s:g} s") from error
            except TooMuchOutput as error:
                message = f"{argv[0]} printed more than {options.output_bytes:,} bytes"
                raise CallFailed(message, retryable=False) from error
            except OSError as error:
                raise CallFailed(f"{argv[0]} cannot be started: {error.strerror}") from error
        return _output(argv[0], ended, options, secrets)


def _allowed(command: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """`command`, where the settings allow how it begins."""
    for entry in allowed:
        prefix = shlex.split(entry)
        if prefix and list(command[: len(prefix)]) == prefix:
            return list(command)
    shown = shlex.join(command)[:200]
    raise CallFailed(f"the program {shown!r} is not allowed by the setting script_allow", retryable=False)


def _output(program: str, ended: Ended, options: ScriptOptions, secrets: Secrets) -> Mapping[str, Any]:
    said = secrets.veiled(ended.log.decode("utf-8", errors="replace").strip())
    tail = " ".join(said.split())[-SAID:]
    after = f": {tail}" if tail else ""
    if ended.code < 0:
        what = (
            "used up its processor time"
            if -ended.code == signal.SIGXCPU
            else f"was killed by {_name(-ended.code)}"
        )
        raise CallFailed(f"{program} {what}{after}", retryable=-ended.code in (signal.SIGTERM, signal.SIGINT))
    if ended.code:
        raise CallFailed(
            f"{program} exited with {ended.code}{after}", retryable=ended.code in options.retry_codes
        )
    if said:
        log.info("%s: %s", Path(program).name, said[-4000:])
    try:
        found = json.loads(ended.output or b"{}")
    except (ValueError, RecursionError) as error:
        raise CallFailed(f"{program} printed something that is not JSON{after}", retryable=False) from error
    return found if isinstance(found, dict) else {"result": found}


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

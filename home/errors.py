"""The errors of Baton, and the exit code each one ends the command line with.

    BatonError                 exit 1   something failed or was refused
    ├── UsageError             exit 2   the request itself is wrong
    │   └── SettingError       exit 2   a setting is unknown or unreadable
    ├── NotFound               exit 1   no log, plan, run or task of that name
    ├── Refused                exit 1   understood, and not done: a rule says no
    ├── Busy                   exit 1   another process holds the home folder
    ├── Unreachable            exit 3   a system outside did not answer
    ├── NotAvailable           exit 1   planned, and not built yet
    └── Cancelled              exit 130 somebody asked to stop

Each room derives one base of its own from these in its `errors.py`.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the command line exits with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class BatonError(Exception):
    """Something was tried and did not work; the message says what was found and the hint what to do."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Subclasses take arguments of their own, so an error crosses processes by its attributes.
        return _rebuild, (type(self), self.args, self.__dict__)

    def as_dict(self) -> dict[str, str]:
        """`{code, message, hint}`, as the command line and the API emit it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class UsageError(BatonError):
    """The request cannot be understood."""

    code = "usage"
    exit_code = ExitCode.USAGE


class SettingError(UsageError):
    """A setting is unknown, or its value cannot be read."""

    code = "setting"


class NotFound(BatonError):
    """Nothing of that name exists."""

    code = "not_found"


class Refused(BatonError):
    """The request is understood and a rule says no."""

    code = "refused"


class Busy(BatonError):
    """Another process owns the home folder."""

    code = "busy"
    retryable = True


class Unreachable(BatonError):
    """A system outside Baton did not answer."""

    code = "unreachable"
    exit_code = ExitCode.UNREACHABLE
    retryable = True


class NotAvailable(BatonError):
    """Part of the plan for Baton, and not available yet."""

    code = "not_available"

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(f"{what} is not available yet.", hint=hint)


class Cancelled(BatonError):
    """Somebody asked the work to stop; nothing half-done was kept."""

    code = "cancelled"
    exit_code = ExitCode.INTERRUPTED

    def __init__(self, message: str = "Cancelled. Nothing half-done was kept.", *, hint: str = "") -> None:
        super().__init__(message, hint=hint)


def _rebuild(kind: type[BatonError], args: tuple[object, ...], attributes: dict[str, object]) -> BatonError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


def unknown(kind: str, name: str, known: list[str], *, listing: str) -> NotFound:
    """A `NotFound` that offers the nearest known names, and the command that lists them all."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(repr(n) for n in near)}? `{listing}` lists them."
    elif known:
        hint = f"`{listing}` lists the {len(known)} there are."
    else:
        hint = f"There is no {kind} yet; see `baton --help` for how to make one."
    return NotFound(f"No {kind} called {name!r}.", hint=hint)

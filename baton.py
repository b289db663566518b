"""Baton's entry point: runs one command, here or in the service that owns the home folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from home.command_line import Common, RoomGroup, common_options, exit_code_of_usage
from home.errors import ExitCode
from home.registry import Command, load


def run(command: Command, request: Any, common: Common) -> Any:
    """Run a command: in this process, or in the service that owns the home folder.

    What needs only the transactional store never leaves this process; what needs the event store
    goes to the service when one runs, since DuckDB belongs to one process.
    """
    from home.settings import configure

    configuration = configure({"home": common.home})
    if "events" in command.stores and command.api:
        from home.remote import running_service

        service = running_service(configuration.settings.home)
        if service is not None:
            return service.run(command, request, progress=show_progress(common))
    with _owned(command, configuration.settings.home):
        return _run_here(command, request, common, configuration)


@contextmanager
def _owned(command: Command, home: Any) -> Iterator[None]:
    if "events" not in command.stores or not command.api:
        yield  # `serve` takes the lock itself, for as long as it lives
        return
    from home.lock import HomeLock

    with HomeLock(home, command.name):
        yield


def _run_here(command: Command, request: Any, common: Common, configuration: Any) -> Any:
    from home.context import Context
    from home.jobs import Job
    from orchestrate.records import audited

    context = Context(configuration, job=Job(command.name, show_progress(common)))
    try:
        return audited.run(command, context, request)
    finally:
        context.stores.close()


def show_progress(common: Common) -> Any:
    """Progress for people on a terminal's stderr; silence for programs."""
    if common.as_json or not sys.stderr.isatty():
        return None

    def show(fraction: float | None, message: str) -> None:
        done = "" if fraction is None else f"{fraction:4.0%} "
        sys.stderr.write(f"\r\033[K{done}{message}" if fraction != 1 else "\r\033[K")
        sys.stderr.flush()

    return show


def command_line() -> RoomGroup:
    """The whole command line."""
    from importlib.metadata import version

    import click

    group = RoomGroup(
        load(),
        run,
        name="baton",
        help="Find out how work really flows, orchestrate it better, and prove that it got better.\n\n"
        "\b\nStart here:\n"
        "  baton demo                        the whole loop on a sample company\n"
        "  baton ingest FILE --log NAME      the loop on your own file begins with this\n"
        "  baton serve                       the same in the browser",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    common_options(group)
    return click.version_option(version("baton"), prog_name="baton")(group)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit as its contract says: 0, 1, 2, 3 or 130."""
    common = Common()
    common.as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    code = _outcome(arguments, common)
    if arguments is None:
        _leave(code)
    sys.exit(code)


def _outcome(arguments: list[str] | None, common: Common) -> int:
    """Run the command line; its exit code."""
    import click

    try:
        command_line().main(args=arguments, prog_name="baton", standalone_mode=False, obj=common)
    except click.exceptions.Exit as error:
        return error.exit_code
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ExitCode.OK
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
    except click.ClickException as error:
        return exit_code_of_usage(error, common)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.stderr.write("Interrupted. Nothing half-done was kept.\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        pass
    return ExitCode.OK


def _leave(code: int) -> NoReturn:
    """End at once: all is closed, and a library that a thread is still inside complains when torn down."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

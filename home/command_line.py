"""Turns the command registry into a click command line: arguments, options, help, output, exit codes."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click

from home.contracts import Argument, InputFile, Option, OutputFile, TextOrFile
from home.errors import BatonError, Cancelled, ExitCode, UsageError
from home.registry import Command, Registry

Run = Callable[[Command, Any, "Common"], Any]


class Common:
    """The options every command takes, before or after its name."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.as_json = False


def common_options(command: click.Command) -> click.Command:
    """Add `--home` and `--json` to a command or group."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        common = ctx.ensure_object(Common)
        if value:
            setattr(common, "as_json" if parameter.name == "as_json" else "home", value)
        return value

    command.params += [
        click.Option(
            ["--home"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            expose_value=False,
            callback=keep,
            help="Home folder.  [default: .baton, or BATON_HOME]",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=keep,
            is_eager=True,
            help="One JSON document on stdout and nothing else.",
        ),
    ]
    return command


class RoomGroup(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def __init__(self, registry: Registry, run: Run, prefix: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._registry, self._run, self._prefix = registry, run, prefix

    def _mine(self) -> dict[str, list[Command]]:
        found: dict[str, list[Command]] = {}
        for command in self._registry:
            if command.name.startswith(self._prefix):
                found.setdefault(command.name[len(self._prefix) :].split()[0], []).append(command)
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order of the registry."""
        return list(self._mine())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build one command from its request model, importing it now."""
        found = self._mine().get(cmd_name)
        if not found:
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, list(self._mine()), n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"There is no command {cmd_name!r}.{hint} `baton --help` lists them.")
        if len(found) == 1 and found[0].name == self._prefix + cmd_name:
            return build(found[0], self._run)
        group = RoomGroup(self._registry, self._run, f"{self._prefix}{cmd_name} ", name=cmd_name)
        group.help = " ".join(c.summary for c in found)
        alone = next((c for c in found if c.name == self._prefix + cmd_name), None)
        return common_options(group) if alone is None else _also_alone(group, build(alone, self._run))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Names and summaries under the registry's headings."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, commands in self._mine().items():
            groups.setdefault(commands[0].group, []).append((name, commands[0].summary))
        for heading, entries in groups.items():
            with formatter.section(heading):
                formatter.write_dl(entries)


def _also_alone(group: click.Group, command: click.Command) -> click.Group:
    """A group that without the name of one of its commands does what `command` does: `baton systems`."""

    def call(**values: Any) -> None:
        if click.get_current_context().invoked_subcommand is None and command.callback is not None:
            command.callback(**values)

    group.invoke_without_command, group.no_args_is_help = True, False
    group.params, group.callback = command.params, call
    return group


def build(command: Command, run: Run) -> click.Command:
    """The click command of one registered command."""
    parameters = [_parameter(name, field) for name, field in command.request.model_fields.items()]

    def call(**values: Any) -> None:
        common = click.get_current_context().ensure_object(Common)
        outputs = [n for n, f in command.request.model_fields.items() if _marker(f, OutputFile)]
        with reported(common):
            request = _request(command, values)
            response = run(command, request, common)
            emit(response, common, output=getattr(request, outputs[0], None) if outputs else None)

    description = (command.function.__doc__ or command.summary).strip()
    examples = (
        "\n\n\b\nExamples:\n" + "\n".join(f"  {e}" for e in command.examples) if command.examples else ""
    )
    built = click.Command(
        command.name.split()[-1],
        params=parameters,
        callback=call,
        help=f"{command.summary}\n\n{_paragraphs(description)}{examples}",
        short_help=command.summary,
    )
    return common_options(built)


def _paragraphs(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.splitlines()).replace("`", "")


def parse(command: Command, arguments: Sequence[str]) -> Any:
    """The request that a command line means, without running it; `arguments` follow the command's name."""
    built = build(command, lambda *_: None)
    return _request(command, built.make_context(command.name, list(arguments)).params)


def _request(command: Command, values: Mapping[str, Any]) -> Any:
    from pydantic import ValidationError

    given = {k: v for k, v in values.items() if v is not None and v != ()}
    try:
        return command.request.model_validate(_with_files(command, given))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "the request"
        raise UsageError(
            f"{name}: {first['msg'].removeprefix('Value error, ')} (found {first['input']!r}).",
            hint=f"See `baton {command.name} --help`.",
        ) from error


def _with_files(command: Command, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with the text of a file in the place of each `@FILE` that a field takes."""
    taken = dict(values)
    for name, value in values.items():
        field = command.request.model_fields[name]
        if isinstance(value, str) and value.startswith("@") and _marker(field, TextOrFile):
            try:
                taken[name] = Path(value[1:]).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(
                    f"Cannot read {value[1:]}: {getattr(error, 'strerror', None) or error}.",
                    hint="Name a text file after the @.",
                ) from error
    return taken


def _marker(field: Any, kind: type) -> Any:
    return next((m for m in field.metadata if isinstance(m, kind)), None)


def _parameter(name: str, field: Any) -> click.Parameter:
    """A click parameter from a pydantic field: its type, default, docstring and markers."""
    annotation, many = _plain_type(field.annotation)
    required = field.is_required()
    argument, option = _marker(field, Argument), _marker(field, Option)
    if argument:
        return click.Argument(
            [name], required=required, nargs=-1 if many else 1, metavar=argument.metavar or None
        )
    names = list(option.names) if option else [f"--{name.replace('_', '-')}"]
    help_text = " ".join((field.description or "").split())
    default = field.get_default(call_default_factory=True) if not required else None
    if default not in (None, False, (), [], {}, "") and not isinstance(default, bool):
        help_text += f"  [default: {default}]"
    if annotation is bool:
        return click.Option([*names, name], is_flag=True, default=None, help=help_text)
    return click.Option(
        [*names, name],
        required=required,
        multiple=many,
        type=_click_type(annotation),
        metavar=(option.metavar if option and option.metavar else None)
        or ("FILE" if _marker(field, OutputFile) or _marker(field, InputFile) else None),
        help=help_text,
    )


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    """The scalar type behind `X | None`, `list[X]` or `tuple[X, ...]`, and whether several are taken."""
    if get_origin(annotation) in (Union, UnionType):
        members = [a for a in get_args(annotation) if a is not NoneType]
        return _plain_type(members[0])
    if get_origin(annotation) in (list, tuple):
        return _plain_type(get_args(annotation)[0])[0], True
    return annotation, False


def _click_type(annotation: Any) -> click.ParamType[Any] | None:
    if get_origin(annotation) is Literal:
        return click.Choice([str(a) for a in get_args(annotation)])
    kinds: dict[Any, click.ParamType[Any]] = {int: click.INT, float: click.FLOAT, datetime: click.STRING}
    return kinds.get(annotation, click.STRING)


class reported:
    """Ends the process as the contract says when an error leaves the block."""

    def __init__(self, common: Common) -> None:
        self.common = common

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, KeyboardInterrupt):
            error = Cancelled()
        if isinstance(error, BatonError):
            report(error, self.common)
            sys.exit(error.exit_code)


def report(error: BatonError, common: Common) -> None:
    """Print an error: JSON to stdout, or for people to stderr.

    An error that carries a report (a rejected load) prints that report as its JSON.
    """
    if common.as_json:
        found = getattr(error, "report", None)
        document = found.model_dump(mode="json") if found is not None else {"error": error.as_dict()}
        print_json(document)
        return
    click.echo(f"Error: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def emit(response: Any, common: Common, *, output: str | Path | None = None) -> None:
    """Print a response, after writing its `content` to `output` where one was named."""
    content = getattr(response, "content", None)
    if output is not None and content is not None:
        if str(output) == "-":
            click.echo(content, nl=not content.endswith("\n"))
            return
        write_atomically(Path(output), content)
        response = response.model_copy(update={"content": None, "path": str(output)})
    if common.as_json:
        exclude = {"content"} if getattr(response, "content", 0) is None else None
        print_json(response.model_dump(mode="json", exclude=exclude))
        return
    for line in response.lines():
        click.echo(line)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=None, default=str))


def write_atomically(path: Path, content: str) -> None:
    """Write a whole file or nothing; raises `UsageError` where the folder cannot be written."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UsageError(
            f"Cannot write {path}: {error.strerror}.", hint="Name a file in a folder you may write to."
        ) from error


def exit_code_of_usage(error: click.ClickException, common: Common) -> ExitCode:
    """Print a click usage error as the contract says."""
    if common.as_json:
        print_json(
            {"error": {"code": "usage", "message": error.format_message(), "hint": "See `baton --help`."}}
        )
    else:
        error.show()
    return ExitCode.USAGE

"""The command line's contract: where options go, what is printed where, which exit code ends it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import pytest
from click.testing import CliRunner

from home.command_line import Common, RoomGroup, common_options
from home.contracts import Argument, FileResponse, Option, OutputFile, Request, Response
from home.errors import Refused
from home.registry import Command, Registry
from tests.conftest import ROOT, Answer


class GreetRequest(Request):
    """Whom to greet, and how."""

    who: Annotated[str, Argument("WHO")]
    """Who is greeted."""
    times: int = 1
    """How often."""
    tone: Literal["warm", "cool"] = "warm"
    """How it sounds."""
    title: Annotated[list[str], Option(("--title",))] = []
    """Titles before the name."""
    output: Annotated[str | None, OutputFile(), Option(("-o", "--output"))] = None
    """Where the greeting goes."""


class Greeting(FileResponse):
    """A greeting."""

    text: str
    seconds_s: float = 4000.0


class Failing(Response):
    """Never made."""


def greet(context: object, request: GreetRequest) -> Greeting:
    """Greets, quietly."""
    text = " ".join(["Hello", *request.title, request.who] * request.times)
    return Greeting(text=text, content=text)


def fail(context: object, request: GreetRequest) -> Failing:
    """Fails."""
    raise Refused(f"{request.who} is not greeted.", hint="Greet somebody else.")


class Nobody(Request):
    """Nobody is greeted."""


def wave(context: object, request: Nobody) -> Greeting:
    """Waves at nobody in particular."""
    return Greeting(text="hello all", content="")


def call(*arguments: str) -> Any:
    registry = Registry(
        [
            Command("greet", f"{__name__}:greet", "Greet somebody.", examples=("baton greet world",)),
            Command("polite fail", f"{__name__}:fail", "Fail politely."),
            Command("wave", f"{__name__}:wave", "Wave."),
            Command("wave at", f"{__name__}:greet", "Wave at somebody."),
        ]
    )
    group = RoomGroup(registry, lambda command, request, _: command.function(None, request), name="baton")
    common_options(group)
    common = Common()
    common.as_json = "--json" in arguments
    return CliRunner().invoke(group, list(arguments), obj=common)


def test_arguments_options_and_defaults_come_from_the_request_model() -> None:
    assert call("greet", "world", "--times", "2").stdout.startswith("text: Hello world Hello world")
    assert "Hello Dr world" in call("greet", "world", "--title", "Dr").stdout


def test_a_command_may_have_commands_of_its_own() -> None:
    assert call("wave").stdout.startswith("text: hello all")
    assert json.loads(call("wave", "--json").stdout)["text"] == "hello all"
    assert "Hello ada" in call("wave", "at", "ada").stdout
    assert call("wave", "to", "ada").exit_code == 2
    assert "Wave at somebody." in call("wave", "--help").stdout


def test_help_shows_docstrings_defaults_choices_and_examples() -> None:
    shown = call("greet", "--help").stdout
    for expected in (
        "WHO",
        "How often.",
        "[default: 1]",
        "[warm|cool]",
        "baton greet world",
        "--home",
        "--json",
    ):
        assert expected in shown


@pytest.mark.parametrize("arguments", [("--json", "greet", "world"), ("greet", "world", "--json")])
def test_json_is_one_document_before_or_after_the_command(arguments: tuple[str, ...]) -> None:
    assert json.loads(call(*arguments).stdout)["text"] == "Hello world"


def test_durations_are_readable_for_people() -> None:
    assert "seconds: 67 min" in call("greet", "world").stdout


def test_content_is_written_where_asked_and_left_out_of_the_answer(tmp_path: Path) -> None:
    target = tmp_path / "new" / "greeting.txt"
    answer = json.loads(call("greet", "world", "-o", str(target), "--json").stdout)
    assert target.read_text() == "Hello world"
    assert answer["path"] == str(target)
    assert "content" not in answer


def test_content_goes_to_stdout_when_the_file_is_a_dash() -> None:
    assert call("greet", "world", "-o", "-").stdout == "Hello world\n"


def test_an_error_of_ours_is_json_with_exit_1() -> None:
    result = call("polite", "fail", "nobody", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": {"code": "refused", "message": "nobody is not greeted.", "hint": "Greet somebody else."}
    }


def test_an_error_of_ours_goes_to_stderr_for_people() -> None:
    result = call("polite", "fail", "nobody")
    assert result.stdout == ""
    assert result.stderr.splitlines() == ["Error: nobody is not greeted.", "  Greet somebody else."]


def test_a_value_of_the_wrong_type_is_a_usage_error() -> None:
    assert call("greet", "world", "--times", "often").exit_code == 2


def test_the_real_command_line_names_the_nearest_command(baton: Callable[..., Answer]) -> None:
    answer = baton("confgi", check=2)
    assert "Did you mean config?" in answer.err
    assert answer.out == ""
    assert baton("confgi", "--json", check=2).json["error"]["code"] == "usage"


def test_help_is_quick() -> None:
    """Counted in CPU seconds of the child, with room for a slow machine; the promise is 0.3 s."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'baton', '--help'], stdout=subprocess.DEVNULL, check=True);"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN); print(u.ru_utime + u.ru_stime)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert float(done.stdout) < 0.6


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, baton\n"
        "try: baton.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('pandas', 'duckdb', 'pm4py', 'dbos', 'streamlit', 'sqlalchemy', 'numpy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_has_models_a_docstring_and_a_sentence() -> None:
    import baton
    from home.registry import load

    for command in load():
        assert command.function.__doc__, command.name
        assert command.summary.endswith((".", "?")), command.name
        assert issubclass(command.request, Request), command.name
        assert issubclass(command.response, Response), command.name
        for name, field in command.request.model_fields.items():
            assert field.description, f"{command.name}: {name} has no docstring"
        assert isinstance(
            RoomGroup(load(), baton.run).get_command(
                click.Context(click.Command("baton")), command.name.split()[0]
            ),
            click.Command,
        )

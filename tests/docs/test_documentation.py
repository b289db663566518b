"""What the documentation says of commands is what the registry knows, and its command lines parse."""

import re
import shlex
from pathlib import Path

import pytest

from home.command_line import parse
from home.reference import markdown
from home.registry import Command, load
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*.md")])
CODE = re.compile(r"```(?:console|sh)\n(.*?)```", re.DOTALL)


def documented() -> list[tuple[str, str]]:
    """Every `baton …` line of a code block in a page, with the page's name."""
    found = []
    for page in PAGES:
        for block in CODE.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if not line.startswith("$ ") and "$ " in block:
                    continue  # what a command prints
                for part in re.split(r"&&(?= *baton)", line.removeprefix("$ ")):
                    words = shlex.split(part.strip(), comments=True)
                    if words and words[0] == "baton":
                        found.append((page.name, shlex.join(words)))
    return found


def examples() -> list[tuple[str, str]]:
    return [(c.name, line) for c in load() for line in c.examples]


def command_of(words: list[str]) -> tuple[Command, list[str]]:
    """The registered command at the start of `words`, and what follows it."""
    commands = {c.name: c for c in load()}
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in commands:
            return commands[name], words[length:]
    raise AssertionError(f"{words[0]!r} is no command")


def test_the_reference_is_what_the_registry_says() -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == markdown(load()), "run `make docs`"


@pytest.mark.parametrize(("where", "line"), [*documented(), *examples()])
def test_every_documented_command_line_parses(
    where: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [w for w in shlex.split(line.replace("\\\n", " ")) if "=" not in w or not w.startswith("BATON_")]
    for word in words:  # texts that are read from files
        if word.startswith("@"):
            Path(word[1:]).write_text("select 1", encoding="utf-8")
    assert words[0] == "baton"
    rest = words[1:]
    while rest and rest[0] in ("--json", "--home"):
        rest = rest[2:] if rest[0] == "--home" else rest[1:]
    if rest == [] or rest == ["--help"]:
        return
    command, arguments = command_of([w for w in rest if w != "--json"])
    if "--help" not in arguments:
        parse(command, arguments)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in folder.glob("[0-9]*.md"):
        assert record.name in index

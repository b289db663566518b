"""Every example of the adapters' page runs, in the order of its section, and answers what the page says."""

import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from baton import main
from tests.conftest import ROOT
from tests.docs.example_sources import MAKERS

PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: +(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LEFT_OUT = "…"


@dataclass(frozen=True)
class Example:
    """One command of a `console` block and what it has to print."""

    command: str
    expected: list[str]


def sections() -> dict[str, str]:
    """The text under each `##` heading."""
    parts = re.split(r"^## +(.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(block: str) -> list[Example]:
    """The commands of a block; a line that ends in a backslash goes on."""
    found: list[Example] = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append(Example(line.removeprefix("$ "), []))
        else:
            found[-1].expected.append(line)
    return found


def answered(command: str, home: Path) -> str:
    """What a command prints, in this process since imports are dear; it must fail where it says Error."""
    program, *arguments = shlex.split(command)
    assert program == "baton"
    code: Any = 0
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(["--home", str(home), *arguments])
        except SystemExit as end:
            code = end.code
    said = out.getvalue()
    failed = said.startswith(("Error:", '{"error"')) or '"status": "reject"' in said
    assert bool(code) == failed, (command, code, said)
    return said


def differs(expected: list[str], said: str) -> str:
    """Where the answer is not what the page says; empty where it is."""
    at, lines, skipping = 0, [line.rstrip() for line in said.splitlines()], False
    for want in expected:
        if want == LEFT_OUT:
            skipping = True
            continue
        fits = [n for n in range(at, len(lines)) if _alike(want, lines[n])]
        if not fits or (fits[0] != at and not skipping):
            return f"expected {want!r} from line {at + 1} of\n{said}"
        at, skipping = fits[0] + 1, False
    return "" if skipping or at == len(lines) else f"{lines[at]!r} is not on the page, of\n{said}"


def _alike(want: str, line: str) -> bool:
    if want.endswith(LEFT_OUT):
        return line.startswith(want.removesuffix(LEFT_OUT))
    return line == want.rstrip()


def lacks(wanted: Any, found: Any, where: str = "answer") -> str:
    """Where a JSON answer has something else than the page; fields and elements may be left out by `…`."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or set(wanted) - set(found) - {LEFT_OUT}:
            return f"{where}: {found!r} lacks {wanted!r}"
        return next(
            filter(None, (lacks(v, found[k], f"{where}.{k}") for k, v in wanted.items() if k != LEFT_OUT)), ""
        )
    if isinstance(wanted, list):
        known = [v for v in wanted if v != LEFT_OUT]
        if (
            not isinstance(found, list)
            or len(found) < len(known)
            or (known == wanted and len(found) != len(known))
        ):
            return f"{where}: {found!r} is not {wanted!r}"
        return next(filter(None, (lacks(v, found[n], f"{where}[{n}]") for n, v in enumerate(known))), "")
    return "" if wanted == found else f"{where}: {found!r} is not {wanted!r}"


def test_a_difference_is_seen() -> None:
    assert not differs(["a", "b …"], "a\nb 1\n")
    assert not differs(["a", "…"], "a\nb\n")
    assert differs(["a"], "a\nb\n")
    assert differs(["b", "…"], "a\nb\n")
    assert not lacks({"a": [1, "…"], "…": 0}, {"a": [1, 2], "b": 3})
    assert lacks({"a": [1]}, {"a": [1, 2]})
    assert lacks({"a": 1}, {"a": 2})


@pytest.mark.parametrize("heading", sections())
def test_the_examples_of_a_section_answer_what_the_page_says(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    if heading in MAKERS:
        MAKERS[heading](tmp_path, request)
    commands = 0
    for kind, file, block in BLOCK.findall(sections()[heading]):
        if file:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(block, encoding="utf-8")
        elif kind == "console":
            for example in examples(block):
                commands += 1
                assert example.expected, f"{example.command}: say what it prints"
                said = answered(example.command, tmp_path / "home")
                if "--json" in shlex.split(example.command):
                    text = "\n".join(example.expected)
                    wanted = json.loads(re.sub(r"(\[|, )…\]", r'\1"…"]', re.sub(r", …\}", ', "…": 0}', text)))
                    assert not (why := lacks(wanted, json.loads(said))), why
                else:
                    assert not (why := differs(example.expected, said)), why
    assert commands, "a section shows how it is done"


def test_every_adapter_has_a_section() -> None:
    from ingest.registry import adapters

    for name in adapters():
        assert any(f"`{name}`" in text for text in sections().values()), (
            f"docs/adapters.md says nothing of {name}"
        )

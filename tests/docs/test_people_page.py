"""Every example of the page on people and tasks runs, in the order of the page, and answers what it says."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_adapters_page import BLOCK, answered, differs, examples, lacks

PAGE = (ROOT / "docs" / "people.md").read_text(encoding="utf-8")


def test_the_examples_answer_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, file, block in BLOCK.findall(PAGE):
        if file:
            (tmp_path / file).write_text(block, encoding="utf-8")
        for example in examples(block) if kind == "console" else ():
            said = answered(example.command, tmp_path / "home")
            if "--json" in shlex.split(example.command):
                text = "\n".join(example.expected)
                wanted = json.loads(re.sub(r", …\}", "}", text))
                assert not (why := lacks(wanted, json.loads(said))), why
            else:
                assert not (why := differs(example.expected, said)), (example.command, why)

"""Every example of the page on shaping and joining runs and answers what the page says."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_adapters_page import BLOCK, answered, differs, examples, lacks

PAGE = (ROOT / "docs" / "shaping.md").read_text(encoding="utf-8")
PARTS = re.split(r"^## +(.+)$", PAGE, flags=re.MULTILINE)
SECTIONS = dict(zip(PARTS[1::2], PARTS[2::2], strict=True))


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_examples_of_a_section_answer_what_the_page_says(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_TEST_KEY", "a key of a test, long enough to be one")
    monkeypatch.setenv("BATON_MASK_KEY", "env:BATON_TEST_KEY")
    for kind, file, block in BLOCK.findall(SECTIONS[heading]):
        if file:
            (tmp_path / file).write_text(block, encoding="utf-8")
        for example in examples(block) if kind == "console" else ():
            said = answered(example.command, tmp_path / "home")
            if "--json" in shlex.split(example.command):
                text = "\n".join(example.expected)
                wanted = json.loads(re.sub(r"(\[|, )…\]", r'\1"…"]', re.sub(r", …\}", ', "…": 0}', text)))
                assert not (why := lacks(wanted, json.loads(said))), why
            else:
                assert not (why := differs(example.expected, said)), why

"""Every example of the page on triggers runs, on the plans it begins with, and answers what the page says."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.test_adapters_page import BLOCK, answered, differs, examples

PAGE = (ROOT / "docs" / "triggers.md").read_text(encoding="utf-8")
FIRST, *PARTS = re.split(r"^## +(.+)$", PAGE, flags=re.MULTILINE)
SECTIONS = dict(zip(PARTS[::2], PARTS[1::2], strict=True))


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_examples_of_a_section_answer_what_the_page_says(
    heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for kind, file, block in BLOCK.findall(FIRST + SECTIONS[heading]):
        if file:
            (tmp_path / file).write_text(block, encoding="utf-8")
        for example in examples(block) if kind == "console" else ():
            why = differs(example.expected, answered(example.command, tmp_path / "home"))
            assert not why, why

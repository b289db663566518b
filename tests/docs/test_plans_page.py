"""The page on plan files names every field there is, and its examples are plans that can be run."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrate import contracts
from tests.conftest import ROOT
from tests.docs.test_adapters_page import BLOCK, answered, differs, examples

PAGE = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
PARTS = re.split(r"^## +(.+)$", PAGE, flags=re.MULTILINE)
SECTIONS = dict(zip(PARTS[1::2], PARTS[2::2], strict=True))
OTHERWISE = {"SLA": "Sla", "Four eyes": "FourEyes"}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_field_is_documented_and_no_other(heading: str) -> None:
    model = getattr(contracts, OTHERWISE.get(heading, heading))
    named = re.findall(r"^\| `(\w+)` \| \S", SECTIONS[heading], flags=re.MULTILINE)
    assert named == list(model.model_fields)


def test_every_model_of_a_plan_has_its_section() -> None:
    found = {contracts.Plan}
    while new := {inner for model in found for inner in _inside(model)} - found:
        found |= new
    assert {model.__name__ for model in found} == {OTHERWISE.get(name, name) for name in SECTIONS}


def _inside(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The models that the fields of a model are made of."""
    model.model_rebuild()
    named = " ".join(repr(field.annotation) for field in model.model_fields.values())
    words = set(re.findall(r"orchestrate\.contracts\.(\w+)", named))
    return {getattr(contracts, word) for word in words if issubclass(getattr(contracts, word), BaseModel)}


def test_the_examples_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried = 0
    for kind, file, block in BLOCK.findall(PAGE):
        if file:
            (tmp_path / file).write_text(block, encoding="utf-8")
        for example in examples(block) if kind == "console" else ():
            said = answered(example.command, tmp_path / "home")
            assert not (why := differs(example.expected, said)), why
            tried += 1
    assert tried == 5

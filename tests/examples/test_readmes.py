"""Every command on the page of every example answers what the page says, also where it goes wrong."""

from pathlib import Path

import pytest

from tests.conftest import ROOT

from .walk import walk

EXAMPLES = sorted(file.parent.name for file in ROOT.glob("examples/*/README.md"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_page_of_an_example_is_true(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with walk(example, tmp_path, monkeypatch) as found:
        assert found.through() > 10


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_plan_and_stubs_and_is_in_the_index(example: str) -> None:
    folder = ROOT / "examples" / example
    assert {"plan.yaml", "stubs.toml"} <= {file.name for file in folder.iterdir()}
    assert f"({example}/README.md)" in (folder.parent / "README.md").read_text(encoding="utf-8")

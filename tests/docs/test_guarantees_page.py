"""The page of guarantees: every promise names tests, and there are such tests."""

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| **")]
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def written(folder: str) -> set[str]:
    """The tests in the files under a folder."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests" / folder).rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}


def test_every_promise_names_a_test() -> None:
    assert len(PROMISES) > 30
    assert [line for line in PROMISES if not re.search(r"`test_\w+`", line)] == []


def test_every_test_that_is_named_exists() -> None:
    assert NAMED - written(".") == set()


def test_every_test_that_does_damage_is_named() -> None:
    inside = {"test_a_seed_plays_the_same_world_again", "test_a_planted_fault_is_found_and_its_seed_named"}
    assert written("chaos") - inside - NAMED == set()

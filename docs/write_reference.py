"""Writes docs/commands.md from the command registry."""

from pathlib import Path

from home.reference import markdown
from home.registry import load

if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(markdown(load()), encoding="utf-8")

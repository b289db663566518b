"""Writes docs/commands.md from the command registry."""

from pathlib import Path

import baton
from home.reference import markdown

if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(markdown(baton.registry()), encoding="utf-8")

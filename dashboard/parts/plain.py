"""Untrusted names as text: Streamlit reads labels as Markdown, and a name may hold anything."""

import re
from datetime import UTC, datetime
from unicodedata import category

REPLACED = "\N{REPLACEMENT CHARACTER}"
MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>^=&@/])")


def literal(text: str, *, longest: int = 80) -> str:
    """`text` so that Markdown shows it as it stands: marks escaped, control characters and length cut."""
    shown = "".join(c if c.isprintable() or category(c) == "Zs" else REPLACED for c in str(text))
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return MARKUP.sub(r"\\\1", shown)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago a moment was, in one unit: `3 min ago`."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = max(0.0, (now - moment).total_seconds())
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds // 86_400:.0f} d ago"


def count(number: int, thing: str) -> str:
    """How many of something, in words: `1 task`, `12 tasks`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"

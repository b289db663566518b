"""Reads one JSON document whole, strictly, with its numbers as they were written."""

import json
import re
from typing import Any

from ingest.adapter import Content, Options
from ingest.adapters.flat import parsed
from ingest.adapters.json_text import in_utf8, not_unicode
from ingest.encoding import decoded
from ingest.errors import Unfit

WHOLE_BYTES = 1 << 30
"""A document is read whole, up to this size."""
HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a character beyond the first 65,536, escaped; harmless with its other half."""


def document(content: Content, options: Options) -> Any:
    """What the document holds; raises `Unfit` where it is cut, not well-formed or too large."""
    if content.size > WHOLE_BYTES:
        raise Unfit("limit", f"{content.name}: a JSON document over 1 GB.", hint="Write it as JSON Lines.")
    text = in_utf8(content, options.encoding)
    if text.torn:
        raise not_unicode(content)
    whole = b"".join(decoded(content, text)).decode()
    found = parsed(whole, content.name)
    if HALF.search(whole):
        _demand_text(found, content.name)
    return found


def _demand_text(value: Any, name: str) -> None:
    """Raise `Unfit` where some text has half a character, which no encoding can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unfit(
            "encoding",
            f"{name} holds half a character (such as \\ud800 alone), which no encoding has.",
            hint="Export it again.",
        ) from error

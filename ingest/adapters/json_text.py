"""JSON is text in Unicode: what a document may be encoded in."""

from ingest.adapter import Content
from ingest.encoding import Text, examine
from ingest.errors import Unfit


def in_utf8(content: Content, declared: str | None) -> Text:
    """How the document is encoded; raises `Unfit` where it is in none of the encodings of Unicode.

    A document of lines may be torn: a few lines in another encoding, which the caller sets aside.
    """
    text = examine(content, declared)
    if declared is None and not text.unicode:
        raise not_unicode(content)
    return text


def not_unicode(content: Content) -> Unfit:
    """The refusal of a document in another encoding."""
    return Unfit(
        "encoding",
        f"{content.name}: its bytes contradict UTF-8, the encoding that JSON has to be in.",
        hint="Export it again, or name the encoding it is in: --encoding cp1252.",
    )

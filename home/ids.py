"""Identifiers that sort by time, are short, and can be read aloud and typed."""

import secrets
from datetime import datetime

# Crockford's base 32: no i, l, o, u, so nothing can be misread.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def encode(number: int, width: int) -> str:
    """`number` in Crockford base 32, padded to `width` characters."""
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def new_id(prefix: str, now: datetime) -> str:
    """An id such as `run-1hq2v7k3m8x4`: nine characters of milliseconds, five of chance.

    Ids made in different milliseconds sort by time; the five random characters (33 million
    values) keep those of one millisecond apart, and a primary key settles the rest.
    """
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}-{encode(milliseconds, 9)}{encode(secrets.randbelow(32**5), 5)}"


def slug(text: str, *, fallback: str = "x", length: int = 48) -> str:
    """`text` as a lower-case name of letters, digits and hyphens, for ids and file names."""
    from unicodedata import normalize

    plain = normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = "".join(c.lower() if c.isalnum() else " " for c in plain).split()
    return "-".join(words)[:length].strip("-") or fallback

"""One small order log, hostile on purpose, for every format there is."""

# ruff: noqa: E501 - tables are read across

COLUMNS = (
    "case:concept:name",
    "concept:name",
    "time:timestamp",
    "start_timestamp",
    "org:resource",
    "cost",
    "system",
    "case:channel",
    "case:amount",
    "zip",
    "note",
    "urgent",
    "due",
    "score",
)
ORDERS = [
    # hostile on purpose: a case called NA, leading zeros, blanks, quotes, line breaks, markup, the empty text
    ("NA", "Receive", "2026-03-02T08:10:00Z", "2026-03-02T08:00:00Z", "Ann", 12.5, "shop", "web", 100, "01234", 'say "hi"', True, "2026-04-01T00:00:00Z", 1.5),
    ("NA", " Check, twice ", "2026-03-02T10:00:00.250Z", "2026-03-02T09:00:00Z", "Bob", None, "erp", "web", 100, "12345", "two\nlines", False, None, -2),
    ("NA", "Ship", "2026-03-03T10:00:00Z", None, None, 0.0, None, "web", 100, None, "<b>&amp;</b>", None, None, None),
    ("007", "Receive", "2026-03-02T08:10:00Z", "2026-03-02T08:05:00Z", "Ann", 1e-3, "shop", "phone", 7.25, "00000", "=1+1", True, "2026-04-02T12:30:00Z", 0),
    ("007", "Ship", "2026-03-02T08:10:00Z", None, "Жанна", 3.0, "shop", "phone", 7.25, "99999", "naïve ☃", True, None, 999999999999999),
    ("1E5", "Receive", "2026-03-01T23:59:59.999Z", None, "Ann", 1.0, "shop", None, None, "1", "'); drop table event; --", False, None, 3),
]  # fmt: skip


def plain(value: object) -> str:
    """A value as a text file holds it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def records() -> list[dict[str, object]]:
    """The rows by column."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in ORDERS]

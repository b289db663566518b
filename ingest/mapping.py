"""The one place where columns get their meaning: which is the case, the activity, the time.

A column means something only when it is mapped, or carries a canonical name. Nothing is guessed: a
column called `Activity` is not taken for `activity`, the error says that it is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from home.errors import UsageError
from ingest.errors import Unfit

CANONICAL: dict[str, tuple[str, ...]] = {
    "case_id": ("case:concept:name", "case_id"),
    "activity": ("concept:name", "activity"),
    "timestamp": ("time:timestamp", "timestamp"),
    "start": ("start_timestamp", "start"),
    "resource": ("org:resource", "resource"),
    "lifecycle": ("lifecycle:transition", "lifecycle"),
    "cost": ("cost:total", "cost"),
    "system": ("system",),
}
"""Fields, and the names that need no mapping; the first that a source has is taken."""
NEEDED = ("case_id", "activity", "timestamp")
CASE = "case:"
OPTIONS = (
    *("adapter", "system", "tz", "dates", "encoding", "delimiter", "sheet", "table", "query", "cursor"),
    *("records", "object_type"),
)
"""What a mapping file and the command line can both say about reading a source."""


@dataclass(frozen=True)
class Wish:
    """What the user said about the columns: field to source column."""

    fields: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Other keys that a row carries: kind of key to source column."""

    @classmethod
    def parse(cls, pairs: Iterable[str], base: "Wish | None" = None, links: Iterable[str] = ()) -> "Wish":
        """From `FIELD=COLUMN` and `KEY=COLUMN` texts, on top of `base`; raises `UsageError`."""
        fields = dict(base.fields) if base else {}
        for pair in pairs:
            name, equals, column = pair.partition("=")
            if not equals or not column:
                raise UsageError(f"--map {pair!r} is not FIELD=COLUMN.", hint="Such as --map case_id=Order.")
            fields[known_field(name.strip())] = column
        joined = dict(base.links) if base else {}
        for pair in links:
            name, equals, column = pair.partition("=")
            if not equals or not column or not name.strip():
                raise UsageError(
                    f"--link {pair!r} is not KEY=COLUMN.", hint="Such as --link order='Order No'."
                )
            joined[name.strip()] = column
        return cls(fields, joined)


@dataclass(frozen=True)
class Mapping:
    """Which source column each field is read from, and what becomes an attribute."""

    fields: dict[str, str]
    """Field to source column (or classifier)."""
    case_attributes: dict[str, str]
    """Attribute name to source column."""
    event_attributes: dict[str, str]
    """Attribute name to source column."""
    clashes: tuple[str, ...] = ()
    """Names that are an attribute of the case and of the event."""
    keys: frozenset[str] = frozenset()
    """Columns that carry keys: their values stay text."""


def resolve(
    wish: Wish,
    columns: Sequence[str],
    case_columns: Sequence[str] = (),
    classifiers: Sequence[str] = (),
    *,
    source: str,
) -> Mapping:
    """Find each field's column among `columns`; raises `Unfit` naming the nearest when one is absent.

    `case_columns` are those a source keeps per case; they, and columns called `case:NAME`, become
    attributes of the case. What no field takes becomes an attribute of the event.
    """
    everything = [*columns, *case_columns, *classifiers]
    fields: dict[str, str] = {}
    case_attributes: dict[str, str] = {}
    for name, column in wish.fields.items():
        if column not in everything:
            raise _absent(name, column, everything, source)
        if name.startswith(CASE):
            case_attributes[name.removeprefix(CASE)] = column
        else:
            fields[name] = column
    for name, column in wish.links.items():
        if column not in (*columns, *case_columns):
            raise _absent(f"link {name}", column, [*columns, *case_columns], source)
    taken = set(fields.values()) | set(case_attributes.values())
    for name, canonical in CANONICAL.items():
        found = next((c for c in canonical if c in everything and c not in taken), None)
        if name not in fields and found is not None:
            fields[name] = found
    _demand(fields, everything, source)
    taken |= set(fields.values())
    for column in (*case_columns, *columns):
        if column.startswith(CASE) and column not in taken:
            case_attributes.setdefault(column.removeprefix(CASE), column)
            taken.add(column)
    kept = set(wish.links.values())  # what links a row is kept, whatever else it means
    events = {column: column for column in columns if column not in taken or column in kept}
    clashes = tuple(sorted(set(events) & set(case_attributes)))
    return Mapping(fields, case_attributes, events, clashes, frozenset(kept))


def known_field(name: str) -> str:
    """`name`, where it is a field of an event log; raises `UsageError` with the nearest."""
    if name in CANONICAL or (name.startswith(CASE) and len(name) > len(CASE)):
        return name
    near = get_close_matches(name, CANONICAL, n=1)
    raise UsageError(
        f"{name!r} is no field of an event log.",
        hint=(f"Did you mean {near[0]!r}? " if near else "")
        + f"The fields are {', '.join(CANONICAL)} and case:NAME.",
    )


def _demand(fields: dict[str, str], columns: Sequence[str], source: str) -> None:
    missing = [name for name in NEEDED if name not in fields]
    if not missing:
        return
    first = missing[0]
    near = _near([first, *CANONICAL[first]], columns)
    looked = " or ".join(repr(c) for c in CANONICAL[first])
    guess = f", did you mean {near!r}?" if near else "."
    more = f" Missing too: {', '.join(missing[1:])}." if missing[1:] else ""
    raise Unfit(
        "column",
        f"{source}: no column for {first}: looked for {looked}{guess}{more} "
        f"Columns found: {_listed(columns)}.",
        hint=f"Say which it is: --map {first}={near or 'COLUMN'}",
    )


def _absent(name: str, column: str, columns: Sequence[str], source: str) -> Unfit:
    near = _near([column], columns)
    guess = f"; did you mean {near!r}?" if near else "."
    return Unfit(
        "column",
        f"{source}: no column {column!r} for {name}{guess} Columns found: {_listed(columns)}.",
        hint=f"--{name}={near or 'COLUMN'}"
        if name.startswith("link ")
        else f"--map {name}={near or 'COLUMN'}",
    )


def _near(names: Iterable[str], columns: Sequence[str]) -> str | None:
    folded = {"".join(c for c in column.casefold() if c.isalnum()): column for column in columns}
    for name in names:
        plain = "".join(c for c in name.casefold() if c.isalnum())
        near = get_close_matches(plain, folded, n=1, cutoff=0.5)
        if near:
            return folded[near[0]]
    return None


def _listed(columns: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(repr(c) for c in columns[:most])
    return shown + (f" and {len(columns) - most} more" if len(columns) > most else "")

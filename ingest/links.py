"""Joins the sources of one log through a chain of keys: invoice to delivery to order.

A source says what its case ids number (`key`), and which other keys its rows carry (`links`). Keys are
ordered by how many links lie between them and the root, the key that is the case of the log. A key
belongs to every case that is reached by following links towards the root, whichever side told of them;
keys of one kind (a parent) and kinds equally far from the root are followed as they were told.

A row that carries a key nearer to the root goes where that key leads; a row without one goes where its
own case id leads. A key that reaches several cases stands in each of them, as flattening an
object-centric log does: its events are then in each case, and counted there. Events whose key reaches no
case are kept, and are part of the log as soon as a link leads on.
"""

import json
from collections.abc import Mapping
from itertools import islice

from home.duck import Cursor
from home.errors import Refused, UsageError
from home.sql import literal
from ingest.contracts import Finding
from ingest.mapping import CASE
from ingest.shaping.chain import DEEPEST, distances
from ingest.shaping.compiled import AS_TEXT
from ingest.shaping.told import many

CODES = ("dangling_links", "shared_keys")


def enter(cursor: Cursor, source: int, key: str | None, root: str | None, links: Mapping[str, str]) -> None:
    """Keep what a source says of its keys; raises `UsageError` where that cannot be joined."""
    if not (key or root or links):
        return
    if links and not key:
        raise UsageError(
            f"The rows carry the key {next(iter(links))!r}, and it is not said what their case ids number.",
            hint="Say it: --key invoice.",
        )
    first = root or root_of(cursor) or key
    if not root and root_of(cursor) is None and cursor.execute("select 1 from source limit 1").fetchone():
        raise UsageError(
            "The first source of this log does not say what its case ids number.",
            hint="Say which key is the case of the log: --root order.",
        )
    cursor.execute("delete from rooted")
    cursor.execute("insert into rooted values (?)", [first])
    told = json.dumps(dict(links))
    cursor.execute("delete from keyed where id <> ? and id not in (select id from source)", [source])
    cursor.execute(
        "insert or replace into keyed select ?, ?, ?, coalesce((select any_value(way) from keyed"
        " where kind is not distinct from ? and links = ?), (select coalesce(max(way) + 1, 0) from keyed))",
        [source, key, told, key, told],
    )


def root_of(cursor: Cursor) -> str | None:
    """The key that is the case of the log: the last one a source named, else that of the first source."""
    found = cursor.execute("select root from rooted").fetchone()
    return found[0] if found else None


def joined(cursor: Cursor) -> bool:
    """Whether some source has a key other than the log's root, or links of its own kind."""
    found = cursor.execute(
        "select count(*) > 0 from keyed where kind <> $root or links <> '{}'", {"root": root_of(cursor)}
    ).fetchone()
    return bool(found and found[0])


def gather(cursor: Cursor, source: int | None = None) -> bool:
    """Collect the links that a source's rows tell, or all of them afresh; whether `chain` is out of date."""
    if source is None:
        cursor.execute("truncate link")
    wanted = cursor.execute(
        "select id, kind, links from keyed where $source is null or id = $source order by id",
        {"source": source},
    ).fetchall()
    before = count(cursor, "link")
    for number, kind, links in wanted:
        for other, column in json.loads(links).items():
            scope, value = _column(cursor, column)
            table = "event" if scope == "event" else "trace"
            cursor.execute(
                f"insert into link select distinct {number}::usmallint, $kind, e.case_id, $other, {value}"
                f" from {table} e where source = $source and {value} is not null"
                " and not exists (from link l where (l.kind, l.id, l.other, l.other_id)"
                f" = ($kind, e.case_id, $other, {value}))",
                {"kind": kind, "other": other, "source": number},
            )
    made_from = cursor.execute("select links, root from chained").fetchone()
    return source is None or made_from != (before, root_of(cursor)) or count(cursor, "link") > before


def relation(cursor: Cursor, schema: str, more: str = "") -> str:
    """SQL of the raw events of `schema`, each once in every case it belongs to; the others are left out.

    `more` is SQL of further columns over `e`, the raw event.
    """
    root = literal(root_of(cursor) or "")
    return (
        f"(select e.* exclude (kind, via, via_id) replace (coalesce(c.case_id, via_id) as case_id){more}"
        f" from ({_led(cursor, schema)}) e left join {schema}.chain c on c.kind = via and c.id = via_id"
        f" where c.case_id is not null or via is null or via = {root})"
    )


def ways(cursor: Cursor) -> dict[int, tuple[str, ...]]:
    """By sources that link alike: the keys on their rows that lead nearer to the root, the nearest first."""
    told = cursor.execute("select distinct way, kind, links from keyed order by way").fetchall()
    pairs = [(kind, other) for _, kind, links in told for other in json.loads(links)]
    far = distances(pairs, root_of(cursor))
    return {
        way: tuple(
            sorted(
                (o for o in json.loads(links) if far.get(o, DEEPEST) < far.get(kind, DEEPEST)),
                key=far.__getitem__,
            )
        )
        for way, kind, links in told
    }


def _led(cursor: Cursor, schema: str) -> str:
    """SQL of the raw events with `kind` of their own key, and the key `via`, `via_id` that leads on."""
    columns = dict(cursor.execute("select distinct way, links from keyed").fetchall())
    kinds, ids = [], []
    for way, nearer in ways(cursor).items():
        for other in nearer:
            scope, text = _column(cursor, json.loads(columns[way])[other])
            if scope == "event":
                kinds.append(f"when k.way = {way} and {text} is not null then {literal(other)}")
                ids.append(f"when k.way = {way} and {text} is not null then {text}")
    via = f"case {' '.join(kinds)} else k.kind end" if kinds else "k.kind"
    via_id = f"case {' '.join(ids)} else e.case_id end" if ids else "e.case_id"
    return (
        f"select e.*, k.kind, {via} as via, {via_id} as via_id"
        f" from {schema}.event e left join {schema}.keyed k on k.id = e.source"
    )


def findings(cursor: Cursor, schema: str) -> tuple[Finding, ...]:
    """What analysts should know of the links as they stand now."""
    found = []
    for kind, keys, events, some in cursor.execute(
        "select kind, count(distinct case_id), count(*), list(distinct case_id order by case_id)[:3]"
        f" from ({_led(cursor, schema)}) e anti join chain c on c.kind = e.via and c.id = e.via_id"
        " where via <> $root group by kind order by kind",
        {"root": root_of(cursor)},
    ).fetchall():
        message = (
            f"{many(events, 'event')} of {many(keys, f'{kind!r} key')} reach no {root_of(cursor)!r} yet,"
            f" such as {', '.join(map(repr, some))}. They are kept, and join the log when their link comes."
        )
        found.append(Finding(code="dangling_links", severity="warning", count=events, message=message))
    for kind, keys, some, cases in cursor.execute(
        "select kind, count(*), arg_min(id, id), arg_min(cases, id) from (select kind, id,"
        " list(case_id order by case_id) as cases from chain where kind in (select kind from keyed)"
        " group by kind, id having count(*) > 1)"
        " group by kind order by kind"
    ).fetchall():
        more = f" and {len(cases) - 3:,} more" if len(cases) > 3 else ""
        message = (
            f"{many(keys, f'{kind!r} key')} belong{'s' if keys == 1 else ''} to several cases,"
            f" such as {some!r} to {', '.join(map(repr, islice(cases, 3)))}{more}:"
            " their events stand in each, unless a row names one."
        )
        found.append(Finding(code="shared_keys", severity="warning", count=keys, message=message))
    return tuple(found)


def _column(cursor: Cursor, name: str) -> tuple[str, str]:
    """Whether a source's column is of its events or cases, and the SQL of its text over `e`."""
    found = cursor.execute(
        "select scope, type, col from attribute where (scope = 'event' and name = ?)"
        " or (scope = 'case' and name = ?) order by scope desc limit 1",
        [name, name.removeprefix(CASE)],
    ).fetchone()
    if found is None:
        raise Refused(f"No column {name!r} was kept, so it links nothing.", hint="Name another with --link.")
    scope, kind, column = found
    return scope, AS_TEXT[kind].format(c=f"e.{column}")


def count(cursor: Cursor, table: str) -> int:
    """Rows of a table."""
    return int((cursor.execute(f"select count(*) from {table}").fetchone() or (0,))[0])

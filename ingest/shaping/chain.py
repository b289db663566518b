"""Fills the table `chain`: the cases that each key reaches by following links towards the root."""

from home.duck import Cursor
from home.errors import Refused

DEEPEST = 1_000
"""Links on the way from a key to its case."""


def resolve(cursor: Cursor, root: str | None) -> None:
    """Fill `chain`: the cases that each key reaches. Raises `Refused` where links run in a circle."""
    cursor.execute("truncate chain")
    cursor.execute("truncate chained")
    cursor.execute("insert into chained select count(*), ? from link", [root])
    if root is None:
        return
    cursor.execute(
        "create or replace temp table up(kind varchar, id varchar, parent varchar, parent_id varchar)"
    )
    same = _orient(cursor, root)
    if same:
        _refuse_circles(cursor, same)
    cursor.execute(
        "create or replace temp table frontier as"
        " select distinct u.kind, u.id, u.parent_id as case_id from up u where u.parent = $root"
        " and not exists (from up p where p.kind = $root and p.id = u.parent_id)",
        {"root": root},
    )
    for _ in range(DEEPEST):
        cursor.execute("insert into chain select kind, id, case_id from frontier")
        cursor.execute(
            "create or replace temp table frontier as"
            " select distinct u.kind, u.id, f.case_id from up u join frontier f"
            " on u.parent = f.kind and u.parent_id = f.id"
            " anti join chain c on c.kind = u.kind and c.id = u.id and c.case_id = f.case_id"
        )
        if not _count(cursor, "frontier"):
            return
    raise Refused(
        f"Some keys are more than {DEEPEST:,} links away from their case.",
        hint="Name the column that carries the key nearest to the case: --link KEY=COLUMN.",
    )


def _orient(cursor: Cursor, root: str) -> list[tuple[str, str]]:
    """Fill `up` with the links turned towards the root; the pairs of kinds that are equally far from it."""
    pairs = cursor.execute("select distinct kind, other from link").fetchall()
    far = distances(pairs, root)
    same = []
    for kind, other in pairs:
        if kind not in far or other not in far:
            continue
        told = far[other] <= far[kind]
        columns = "kind, id, other, other_id" if told else "other, other_id, kind, id"
        cursor.execute(
            f"insert into up select {columns} from link where kind = ? and other = ?"
            " and not (kind = other and id = other_id)",
            [kind, other],
        )
        if far[other] == far[kind]:
            same.append((kind, other))
    return same


def distances(pairs: list[tuple[str, str]], root: str | None) -> dict[str, int]:
    """How many links lie between each kind of key and the root; kinds that no link reaches are absent."""
    if root is None:
        return {}
    far = {root: 0}
    frontier = [root]
    while frontier:
        near = {b for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in frontier and b not in far}
        far |= dict.fromkeys(near, far[frontier[0]] + 1)
        frontier = sorted(near)
    return far


def _refuse_circles(cursor: Cursor, same: list[tuple[str, str]]) -> None:
    """Raise `Refused` where keys equally far from the root lead back to themselves."""
    cursor.execute("create or replace temp table round as select * from up where false")
    for kind, other in same:
        cursor.execute("insert into round select * from up where kind = ? and parent = ?", [kind, other])
    for _ in range(DEEPEST):
        before = _count(cursor, "round")
        if not before:
            return
        cursor.execute("delete from round where (parent, parent_id) not in (select kind, id from round)")
        if _count(cursor, "round") == before:
            break
    raise Refused(
        f"The links run in a circle, or through more than {DEEPEST:,} keys: {_way(cursor)}.",
        hint="Name another column with --link, or correct the source; nothing was kept.",
    )


def _way(cursor: Cursor) -> str:
    """One way along `round` that comes back to where it was, in words."""
    at = cursor.execute("select kind, id from round order by kind, id limit 1").fetchone()
    seen: list[tuple[str, str]] = []
    while at is not None and at not in seen and len(seen) < DEEPEST:
        seen.append(at)
        at = cursor.execute(
            "select parent, parent_id from round where kind = ? and id = ? order by all limit 1", list(at)
        ).fetchone()
    way = [*seen[seen.index(at) :], at] if at in seen and at is not None else seen[:5]
    shown = [*way[:4], ("", "…"), way[-1]] if len(way) > 6 else way
    return " → ".join(f"{kind} {key!r}" if kind else key for kind, key in shown)


def _count(cursor: Cursor, table: str) -> int:
    return int((cursor.execute(f"select count(*) from {table}").fetchone() or (0,))[0])

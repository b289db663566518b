"""Merging new events into the layout gives what building it afresh gives, whatever comes when."""

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.sql import migrations
from ingest import layout
from ingest import links as links_of

EIGHT = datetime(2026, 1, 5, 8)
TABLES = {
    "instance": """
        select c.case_id, i.pos, a.name as activity, r.name as resource, s.name as system, i.start_ts, i.ts,
               i.cost, i.n, i.e0, x.name as next_activity, y.name as next_resource, i.nst
        from instance i join cv c using (cid) join activity a using (aid) left join resource r using (rid)
        left join system s using (sid) left join activity x on x.aid = i.naid
        left join resource y on y.rid = i.nrid order by all""",
    "cv": """
        select row_number() over (order by t0, n0, case_id) as place, c.case_id, c.t0, c.t1, c.n, c.n0, c.vid,
               a.name as first, b.name as last, c.c0
        from cv c join activity a on a.aid = c.sa join activity b on b.aid = c.ea order by all""",
    "variant": """
        select vid, n, (select list(a.name order by pos) as acts from (
            select unnest(acts) as aid, generate_subscripts(acts, 1) as pos) join activity a using (aid))
        from variant order by all""",
    "fingerprint": """
        select vid, h = (select bit_xor(hash((aid::ubigint << 32) | pos)) from (
            select unnest(acts) as aid, (generate_subscripts(acts, 1) - 1)::uinteger as pos)) as right
        from variant order by all""",
    "edge": """
        select a.name, b.name, e.b, e.n, e.s from edge e join activity a using (aid)
        join activity b on b.aid = e.naid order by all""",
    "raw_case": "select case_id, n, first_at, last_at, running from raw_case order by all",
    "raw_variants": "select count(*) as n from raw_case group by h order by all",
    "staging": "from staging order by all",
    "activity": "select name from activity order by all",
    "resource": "select name from resource order by all",
    "system": "select name from system order by all",
    "numbers": "select count(*) - count(distinct cid), max(cid) >= count(*) - 1 from cv",
}
"""Every derived table with names for numbers, in an order of its own."""

PLAIN, TIMED = st.none(), st.none() | st.integers(-5, 10)
LIFECYCLE = st.sampled_from([None, None, "start", "complete", "complete", "ate_abort", "schedule"])


def parts_of(start, lifecycle):
    """Some sources, each with some events: case, activity, minute, minutes before, lifecycle, who, where."""
    events = st.tuples(
        st.sampled_from("pqrstuvw"),
        st.sampled_from("abcd"),
        st.integers(0, 20),
        start,
        lifecycle,
        st.sampled_from([None, "Ann", "Bob"]),
        st.sampled_from([None, None, "S"]),
    )
    return st.lists(st.lists(events, min_size=1, max_size=12), min_size=1, max_size=5)


def mixed(*kinds):
    """Parts of which the first ones are of one kind of log, the rest of another."""
    return st.tuples(*(parts_of(*kind) for kind in kinds)).map(
        lambda found: [p for parts in found for p in parts]
    )


PARTS = st.one_of(
    parts_of(PLAIN, PLAIN),
    parts_of(TIMED, PLAIN),
    parts_of(TIMED, LIFECYCLE),
    mixed((PLAIN, PLAIN), (TIMED, PLAIN)),
    mixed((PLAIN, PLAIN), (PLAIN, LIFECYCLE)),
)
LINKS = st.lists(
    st.dictionaries(st.sampled_from("pqrstuvw"), st.lists(st.sampled_from("pqrst"), max_size=2, unique=True)),
    min_size=5,
    max_size=5,
)


class Tables:
    """The tables of one log; `alias` stands for links that lead keys to other cases."""

    def __init__(self):
        self.cursor = duckdb.connect()
        for folder in ("schema/events", "schema/log"):
            for _, sql in migrations("ingest", folder):
                self.cursor.execute(sql)
        for table, column in (("event", "e0"), ("instance", "e0"), ("trace", "c0"), ("cv", "c0")):
            self.cursor.execute(f"alter table {table} add column {column} varchar")
        self.cursor.execute("insert into attribute values ('x', 'event', 'text', 'e0')")
        self.cursor.execute("create table alias(raw varchar, case_id varchar)")
        led = "t.* replace (coalesce(alias.case_id, t.case_id) as case_id)"
        for view, table, distinct in (
            ("shaped", "event", ""),
            ("shaped_trace", "trace", "distinct on (source, case_id)"),
        ):
            self.cursor.execute(
                f"create or replace view {view} as select {distinct} * from"
                f" (select {led} from {table} t left join alias on alias.raw = t.case_id)"
            )
        self.n = self.source = 0

    def add(self, rows):
        """Append the rows as one source."""
        for case, activity, minute, before, lifecycle, resource, system in rows:
            ts = EIGHT + timedelta(minutes=minute)
            self.cursor.execute(
                "insert into event by name select $n as n, $source as source, $n as source_row,"
                " $case as case_id, $activity as activity, $ts as ts, $start as start_ts,"
                " $lifecycle as lifecycle, $resource as resource, $n as cost, $system as system, $e0 as e0",
                {
                    "n": self.n, "source": self.source, "case": case, "activity": activity, "ts": ts,
                    "start": None if before is None else ts - timedelta(minutes=before),
                    "lifecycle": lifecycle, "resource": resource, "system": system,
                    "e0": f"{activity}{minute}" if minute % 2 else None,
                },
            )  # fmt: skip
            self.n += 1
        for case in dict.fromkeys(row[0] for row in rows):
            value = f"{case}{self.source}" if self.source % 2 else None
            self.cursor.execute("insert into trace values (?, ?, ?)", [self.source, case, value])
        self.source += 1

    def link(self, links):
        """Lead keys to other cases from now on."""
        self.cursor.execute("truncate alias")
        for raw, cases in links.items():
            for case in cases:
                self.cursor.execute("insert into alias values (?, ?)", [raw, case])

    def remove(self, case):
        """Delete the events of a case."""
        self.cursor.execute("delete from event where case_id = ?", [case])
        self.cursor.execute("delete from trace where case_id = ?", [case])

    def where(self):
        """Which events stand in which case."""
        return set(self.cursor.execute("select n, case_id from shaped").fetchall())

    def touch(self, before):
        """Note the cases that changed since."""
        self.cursor.execute("create or replace temp table touched(case_id varchar)")
        for _, case in self.where() ^ before:
            self.cursor.execute("insert into touched values (?)", [case])

    def state(self):
        """Everything derived."""
        return {name: self.cursor.execute(sql).fetchall() for name, sql in TABLES.items()}


def compare(tables, merged):
    found = tables.state()
    built = layout.build(tables.cursor)
    expected = tables.state()
    for name in TABLES:
        assert found[name] == expected[name], name
    assert merged == built


@settings(max_examples=8)
@given(parts=PARTS)
def test_appended_parts_equal_the_whole(parts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "WORTH_MERGING", 1e9)
        tables = Tables()
        for part in parts:
            before = tables.where()
            tables.add(part)
            tables.touch(before)
            merged = layout.merge(tables.cursor)
        compare(tables, merged)


@settings(max_examples=8)
@given(parts=PARTS, links=LINKS)
def test_links_that_lead_elsewhere_later_equal_the_whole(parts, links):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "WORTH_MERGING", 1e9)
        patch.setattr(links_of, "joined", lambda _: True)
        tables = Tables()
        for part, leads in zip(parts, links, strict=False):
            before = tables.where()
            tables.add(part)
            tables.link(leads)
            tables.touch(before)
            merged = layout.merge(tables.cursor)
        compare(tables, merged)


@settings(max_examples=8)
@given(parts=PARTS, gone=st.lists(st.sampled_from("pqrstuvw"), min_size=1, max_size=3))
def test_what_is_left_after_an_erasure_equals_the_whole(parts, gone):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "WORTH_MERGING", 1e9)
        tables = Tables()
        for part in parts:
            tables.add(part)
        layout.build(tables.cursor)
        before = tables.where()
        for case in gone:
            tables.remove(case)
        tables.touch(before)
        compare(tables, layout.merge(tables.cursor, shrunk=True))

"""The derived tables against their definitions: pairing, order, variants, edges."""

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from math import floor, log

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEAD = "case_id,activity,timestamp,lifecycle,resource\n"


def at(minute):
    return f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:00Z"


def staged(*rows):
    """A CSV of (case, activity, minute, lifecycle, resource)."""
    return HEAD + "".join(f"{c},{a},{at(m)},{t},{r}\n" for c, a, m, t, r in rows)


def instances(room):
    def minute(moment):
        return int((moment - datetime(2026, 1, 5, 8)).total_seconds() // 60)

    return [
        (r["activity"], minute(r["start_ts"]), minute(r["ts"]), r["resource"]) for r in room.rows("instance")
    ]


def test_a_start_and_its_completion_are_one_instance(room):
    report = room.load(
        room.file("a.csv", staged(("c", "a", 0, "start", "Ann"), ("c", "a", 5, "COMPLETE", "Ann")))
    )
    assert (report.events, report.instances) == (2, 1)
    assert instances(room) == [("a", 0, 5, "Ann")]


def test_the_first_start_is_ended_first_and_the_same_resource_goes_before(room):
    rows = (
        ("c", "a", 0, "start", "Ann"),
        ("c", "a", 1, "start", "Bob"),
        ("c", "a", 2, "start", "Ann"),
        ("c", "a", 5, "complete", "Bob"),
        ("c", "a", 6, "complete", "Ann"),
        ("c", "a", 7, "complete", "Cid"),
    )
    room.load(room.file("a.csv", staged(*rows)))
    assert instances(room) == [("a", 0, 6, "Ann"), ("a", 1, 5, "Bob"), ("a", 2, 7, "Cid")]


def test_a_completion_before_any_start_stands_alone(room):
    rows = (("c", "a", 0, "complete", "x"), ("c", "a", 1, "start", "x"), ("c", "a", 9, "complete", "x"))
    room.load(room.file("a.csv", staged(*rows)))
    assert instances(room) == [("a", 0, 0, "x"), ("a", 1, 9, "x")]


def test_what_was_started_and_withdrawn_is_an_instance_what_was_only_scheduled_is_none(room):
    rows = (
        ("c", "a", 0, "schedule", "x"),
        ("c", "a", 1, "start", "x"),
        ("c", "a", 2, "suspend", "x"),
        ("c", "a", 3, "resume", "x"),
        ("c", "a", 4, "ate_abort", "x"),
        ("c", "b", 5, "schedule", "x"),
        ("c", "b", 6, "withdraw", "x"),
        ("c", "d", 7, "start", "x"),
        ("c", "e", 8, "complete", "x"),
    )
    report = room.load(room.file("a.csv", staged(*rows)))
    assert instances(room) == [("a", 1, 4, "x"), ("e", 8, 8, "x")]
    assert [f.count for f in report.findings if f.code == "running_instances"] == [1]
    assert (report.events, report.variants, report.instance_variants) == (9, 1, 1)


def test_transitions_that_never_complete_leave_every_event_an_instance(room):
    rows = (("c", "Accepted", 0, "In Progress", "x"), ("c", "Completed", 1, "Closed", "x"))
    assert room.load(room.file("a.csv", staged(*rows))).instances == 2


def test_a_start_column_gives_the_instance_its_start(room):
    content = "case_id,activity,start,timestamp\n"
    content += f"c,slow,{at(0)},{at(50)}\nc,quick,{at(10)},{at(20)}\nc,none,,{at(60)}\n"
    report = room.load(room.file("a.csv", content))
    assert [i[:3] for i in instances(room)] == [("slow", 0, 50), ("quick", 10, 20), ("none", 60, 60)]
    # by end `quick` comes first, by start `slow` does
    assert room.rows("variant") == [{"acts": ["slow", "quick", "none"], "n": 1}]
    assert (report.variants, report.instance_variants) == (1, 1)


def test_cases_are_numbered_by_their_first_moment_and_ties_by_arrival(room):
    content = HEAD + "".join(f"{c},a,{at(m)},,\n" for c, m in (("z", 5), ("late", 9), ("y", 5), ("first", 0)))
    room.load(room.file("a.csv", content))
    assert [r["case_id"] for r in room.rows("cv")] == ["first", "z", "y", "late"]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("pqr"),
        st.sampled_from("abc"),
        st.integers(0, 40),
        st.sampled_from(["start", "complete", ""]),
        st.sampled_from(["Ann", "Bob", ""]),
    ),
    min_size=1,
    max_size=30,
).filter(lambda rows: any(r[3] != "start" for r in rows))


def paired(rows):
    """The definition, step by step: open starts wait in line; the same resource goes first."""
    events = sorted(enumerate(rows), key=lambda e: (e[1][2], e[0]))
    if not any(r[3] == "complete" for r in rows) or not any(r[3] == "start" for r in rows):
        return sorted((c, a, m, m) for c, a, m, *_ in rows)
    left = {}
    for same in (True, False):
        lines = defaultdict(list)
        for n, (case, activity, _minute, step, resource) in events:
            if n in left or n in left.values():
                continue
            line = lines[(case, activity, resource if same else None)]
            if step == "start":
                line.append(n)
            elif line:
                left[n] = line.pop(0)
    return sorted(
        (case, activity, rows[left[n]][2] if n in left else minute, minute)
        for n, (case, activity, minute, step, _) in events
        if step != "start"
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=EVENTS)
def test_pairing_and_every_derived_table_follow_their_definitions(room, rows):
    report = room.load(room.file("a.csv", staged(*rows)), replace=True)
    found = room.rows("instance")
    minutes = sorted((r["case_id"], r["activity"], _minute(r["start_ts"]), _minute(r["ts"])) for r in found)
    assert minutes == paired(rows)
    assert report.instances == len(found)
    traces = defaultdict(list)
    for row in found:
        traces[row["case_id"]].append(row)
    variants = Counter(tuple(r["activity"] for r in trace) for trace in traces.values())
    assert {tuple(v["acts"]): v["n"] for v in room.rows("variant")} == variants
    assert report.instance_variants == len(variants)
    raw = defaultdict(list)
    for n, row in enumerate(rows):
        raw[row[0]].append((row[2], n, row[1]))
    assert report.variants == len({tuple(a for *_, a in sorted(trace)) for trace in raw.values()})
    edges = Counter()
    for trace in traces.values():
        for here, there in pairwise(trace):
            assert (here["next_activity"], here["nst"]) == (there["activity"], there["start_ts"])
            wait = (there["start_ts"] - here["ts"]).total_seconds() * 1e6
            bucket = floor(log(wait) / 0.0198026) if wait > 0 else -1
            edges[(here["activity"], there["activity"], bucket)] += 1
    kept = room.query(
        "select a.name, b.name, e.b, e.n"
        " from edge e join activity a using (aid) join activity b on b.aid = e.naid"
    )
    assert {(a, b, bucket): n for a, b, bucket, n in kept} == edges


def _minute(moment):
    return int((moment - datetime(2026, 1, 5, 8)).total_seconds() // 60)

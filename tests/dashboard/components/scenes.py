"""What the tiny site shows: small graphs, a dense one, hostile names, variants and a BPMN diagram."""

from itertools import pairwise
from typing import Any
from xml.sax.saxutils import quoteattr

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</text></svg><script>alert(1)</script>",
    "اعتماد الفاتورة",
    "Prüfen 👩‍👩‍👧‍👦 & \"quote\" 'n' \\ back",
    "x" * 300,
    "n0 -> n1 [label=<b>]; }",
    "{{7*7}} `code` $math$ :red[md]",
    "   ",
)


def orders() -> dict[str, Any]:
    """Five activities with a loop and a rare way, known by heart: 6 flows, 1 start, 2 ends."""
    activities = ["Receive", "Check", "Approve", "Repair", "Pay"]
    events = [100, 130, 95, 30, 90]
    flows = [
        ("Receive", "Check", 100, 60),
        ("Check", "Approve", 95, 7200),
        ("Approve", "Pay", 85, 86400),
        ("Check", "Repair", 30, 3600),
        ("Repair", "Check", 30, 600),
        ("Check", "Pay", 5, 30),
    ]
    return {
        "activities": [
            {"activity": a, "events": n, "cases": min(n, 100)}
            for a, n in zip(activities, events, strict=True)
        ],
        "flows": [_flow(s, t, n, seconds) for s, t, n, seconds in flows],
        "starts": [{"activity": "Receive", "cases": 100}],
        "ends": [{"activity": "Pay", "cases": 90}, {"activity": "Approve", "cases": 10}],
    }


def hostile() -> dict[str, Any]:
    """A chain of activities whose names try to be something else."""
    return {
        "activities": [{"activity": name, "events": 10, "cases": 10} for name in HOSTILE],
        "flows": [_flow(a, b, 10, 60) for a, b in pairwise(HOSTILE)],
        "starts": [{"activity": HOSTILE[0], "cases": 10}],
        "ends": [{"activity": HOSTILE[-1], "cases": 10}],
    }


def dense() -> dict[str, Any]:
    """Sixty activities and more than three hundred flows."""
    names = [f"Step {i:02}" for i in range(60)]
    pairs = {(i, i + 1): 500 for i in range(59)}
    pairs |= {(i, (i * 7 + 3 * k) % 60): 5 + (i * k) % 90 for i in range(60) for k in range(1, 6)}
    return {
        "activities": [{"activity": name, "events": 600 - i, "cases": 500} for i, name in enumerate(names)],
        "flows": [_flow(names[a], names[b], n, 60 * n) for (a, b), n in pairs.items()],
        "starts": [{"activity": names[0], "cases": 500}],
        "ends": [{"activity": names[-1], "cases": 500}],
    }


def empty() -> dict[str, Any]:
    """A map with nothing in it."""
    return {"activities": [], "flows": [], "starts": [], "ends": []}


def earlier(graph: dict[str, Any]) -> dict[str, Any]:
    """The same log a year before: half the cases, twice the time, one path not taken yet."""
    flows = [
        {**f, "events": f["events"] // 2, "cases": f["cases"] // 2, "median_s": f["median_s"] * 2}
        for f in graph["flows"][:-1]
    ]
    return {
        "activities": [
            {**a, "events": a["events"] // 2, "cases": a["cases"] // 2} for a in graph["activities"]
        ],
        "flows": flows,
        "starts": [{**s, "cases": s["cases"] // 2} for s in graph["starts"]],
        "ends": [{**e, "cases": e["cases"] // 2} for e in graph["ends"]],
    }


def replay(graph: dict[str, Any]) -> dict[str, Any]:
    """Ten cases Receive → Check → Approve → Pay, one an hour; the wait before Pay is two days."""
    del graph
    cases = [
        [(0, 3600 * i), (1, 3600 * i + 60), (2, 3600 * i + 7260), (4, 3600 * i + 180_060)] for i in range(10)
    ]
    return {"cases": cases, "t0": 0, "t1": 3600 * 9 + 180_060}


def variants() -> list[dict[str, Any]]:
    """Four variants, one with hostile names, one of two hundred steps."""
    traces = [
        ["Receive", "Check", "Pay"],
        ["Receive", "Check", "Check", "Check", "Pay"],
        list(HOSTILE[:7]),
        ["Receive", *(["Check", "Repair"] * 99), "Pay"],
    ]
    return [
        {"variant": i + 1, "cases": n, "share": n / 100, "median_s": 3600.0 * (i + 1), "activities": trace}
        for i, (n, trace) in enumerate(zip([60, 25, 10, 5], traces, strict=True))
    ]


def bpmn(*names: str) -> str:
    """A sequence of user tasks as BPMN with no diagram in it."""
    ids = ["start", *(f"step_{i}" for i in range(len(names))), "end"]
    steps = "".join(f'<userTask id="step_{i}" name={quoteattr(name)}/>' for i, name in enumerate(names))
    flows = "".join(
        f'<sequenceFlow id="flow_{i}" sourceRef="{a}" targetRef="{b}"/>'
        for i, (a, b) in enumerate(pairwise(ids))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">'
        f'<process id="p"><startEvent id="start"/>{steps}<endEvent id="end"/>{flows}</process></definitions>'
    )


def _flow(source: str, target: str, events: int, seconds: float) -> dict[str, Any]:
    return {
        "source": source,
        "target": target,
        "events": events,
        "cases": events,
        "mean_s": seconds * 1.5,
        "median_s": float(seconds),
        "p90_s": seconds * 3.0,
    }

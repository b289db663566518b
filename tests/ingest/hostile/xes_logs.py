"""XES: attacks on the parser, and what real exporters get wrong."""

# ruff: noqa: E501 - tables are read across

from tests.ingest.hostile.making import (
    AT,
    XES,
    Hostile,
    event,
    fine,
    parted,
    refused,
    trace,
    warned,
    xes,
)

DECLARED = "<?xml version='1.0' encoding='{0}'?>"
BOMB = "<!DOCTYPE l [<!ENTITY a 'aaaa'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 9}'>" for i in range(9)
) + "]>"  # fmt: skip
OUTSIDE = "<!DOCTYPE log [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
PARAMETER = "<!DOCTYPE log [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x.dtd'> %p;]>"
TIMED = "<string key='concept:name' value='{0}'/><date key='time:timestamp' value='{1}'/>"


def at(*times: str) -> str:
    """A trace with an event at each time, written as it stands."""
    return xes(trace("c", *(event(f"s{i}", time) for i, time in enumerate(times))))


def more(inside: str) -> str:
    """A log whose second event has more inside it."""
    return xes(trace("c", event(), event("b", more=inside)))


def many(count: int) -> str:
    return "".join(f"<int key='k{i}' value='1'/>" for i in range(count))


def deep(count: int) -> str:
    return "<string key='n' value='v'>" * count + "</string>" * count


def lists(count: int) -> str:
    return "<list key='l'><values>" * count + "</values></list>" * count


XES_LOGS: tuple[Hostile, ...] = (
    refused("doctype", "a.xes", xes(trace("c", event()), prolog="<!DOCTYPE log>"), "DTD"),
    refused("doctype with an entity", "a.xes", xes(trace("c", event()), prolog="<!DOCTYPE log [<!ENTITY x 'y'>]>"), "DTD"),
    refused("doctype behind a comment", "a.xes", xes(trace("c", event()), prolog="<?xml version='1.0'?><!-- hello --> <!DOCTYPE log>"), "DTD"),
    refused("doctype in utf-16", "a.xes", xes(trace("c", event()), prolog="<!DOCTYPE log>").encode("utf-16"), "DTD"),
    refused("doctype in gzip's name only", "a.xes.gz", xes(trace("c", event()), prolog="<!DOCTYPE log>"), "DTD"),
    refused("doctype in the log", "a.xes", xes("<!DOCTYPE log>" + trace("c", event())), "DTD"),
    refused("doctype behind the log", "a.xes", XES + "<!DOCTYPE log>", "DTD"),
    refused("doctype in small letters", "a.xes", xes(trace("c", event()), prolog="<!doctype log>"), "DTD"),
    refused("billion laughs", "a.xes", xes(trace("c", event("&j;")), prolog=BOMB), "DTD"),
    refused("external entity", "a.xes", xes(trace("c", event("&x;")), prolog=OUTSIDE), "DTD"),
    refused("external parameter entity", "a.xes", xes(trace("c", event()), prolog=PARAMETER), "DTD"),
    refused("an entity nobody defined", "a.xes", xes(trace("c", event("&x;"))), "line 1"),
    refused("cut in the log", "a.xes", XES[:-40], "truncated"),
    refused("cut in a tag", "a.xes", XES[:-3], "truncated"),
    refused("cut in a value", "a.xes", XES[: XES.index("c2") + 1], "truncated"),
    refused("cut behind the declaration", "a.xes", XES[: XES.index("<log")], "truncated"),
    refused("cut in a comment", "a.xes", XES[:-6] + "<!-- and so", "truncated"),
    refused("a tag closed by another", "a.xes", XES.replace("</trace>", "</case>", 1), "line 1"),
    refused("an event that never closes", "a.xes", XES.replace("</event>", "", 1), "line 1"),
    refused("two logs", "a.xes", XES + xes(trace("c", event()), prolog=""), "line 1"),
    refused("text behind the log", "a.xes", XES + "\nthat was all", "line 2"),
    refused("a bare ampersand", "a.xes", xes(trace("c", event("R&D"))), "line 1"),
    refused("a bare bracket", "a.xes", xes(trace("c", event("a<b"))), "line 1"),
    refused("an attribute without quotes", "a.xes", XES.replace("value='a'", "value=a"), "line 1"),
    refused("an attribute twice in a tag", "a.xes", XES.replace("value='a'", "value='a' value='b'"), "line 1"),
    refused("a control character", "a.xes", XES.replace("value='a'", "value='\x01'"), "line 1"),
    refused("a reference to NUL", "a.xes", XES.replace("value='a'", "value='&#0;'"), "line 1"),
    refused("block of NUL behind", "a.xes", XES.encode() + bytes(4096), "NUL"),
    refused("block of NUL inside", "a.xes", XES.encode().replace(b"</trace>", b"</trace>" + bytes(512), 1), "NUL"),
    refused("other bytes than declared", "a.xes", XES.encode().replace(b"'a'", b"'caf\xe9'"), "encoding"),
    refused("other bytes than declared by a mark", "a.xes", b"\xef\xbb\xbf" + XES.encode().replace(b"'a'", b"'caf\xe9'"), "encoding"),
    refused("utf-16 that says utf-8", "a.xes", XES.encode("utf-16"), "encoding"),
    refused("utf-8 that says utf-16", "a.xes", XES.replace("UTF-8", "UTF-16"), "encoding"),
    refused("ascii that is not", "a.xes", XES.replace("UTF-8", "US-ASCII").replace("'a'", "'é'"), "encoding"),
    refused("an encoding nobody knows", "a.xes", XES.replace("UTF-8", "klingon"), "encoding"),
    refused("utf-32", "a.xes", XES.replace("UTF-8", "UTF-32").encode("utf-32"), "encoding"),
    refused("utf-7", "a.xes", XES.replace("UTF-8", "UTF-7"), "encoding"),
    refused("no traces", "a.xes", xes(""), "no events"),
    refused("empty traces only", "a.xes", xes(trace("c1") + trace("c2")), "no events"),
    refused("a log that is one tag", "a.xes", "<log/>", "no events"),
    refused("attributes nest 100 deep", "a.xes", more(deep(100)), "depth"),
    refused("attributes nest 100,000 deep", "a.xes", lambda _: more(deep(100_000)).encode(), "depth"),
    refused("lists nest 1,000 deep", "a.xes", more(lists(1_000)), "depth"),
    refused("a trace's attribute nests 100,000 deep", "a.xes", lambda _: xes(f"<trace>{deep(100_000)}{event()}</trace>").encode(), "depth"),
    refused("the log's attribute nests 100,000 deep", "a.xes", lambda _: xes(deep(100_000) + trace("c", event())).encode(), "depth"),
    refused("traces nest 100,000 deep", "a.xes", lambda _: xes("<trace>" * 100_000 + "</trace>" * 100_000).encode(), "trace"),
    refused("5,000 attributes on an event", "a.xes", more(many(5_000)), "attributes"),
    refused("5,000 attributes on a trace", "a.xes", xes(f"<trace>{many(5_000)}{event()}</trace>"), "attributes"),
    refused("5,000 names over the events", "a.xes", lambda _: xes(trace("c", *(event(more=f"<int key='k{i}' value='1'/>") for i in range(5_000)))).encode(), "attributes"),
    refused("a trace in a trace", "a.xes", xes(f"<trace>{trace('d', event())}</trace>"), "trace"),
    refused("an event in an event", "a.xes", xes(trace("c", event(more=event("b")))), "event"),
    refused("traces without names", "a.xes", xes(f"<trace>{event()}</trace><trace>{event()}</trace>"), "case"),
    refused("another root", "a.xes", "<?xml version='1.0'?><orders><order id='1'/></orders>", "orders"),
    refused("no times at all", "a.xes", xes(trace("c", "<event><string key='concept:name' value='a'/></event>")), "timestamp"),
    refused("dates in two orders", "a.xes", at("03/04/2026 10:00:00", "05/06/2026 10:00:00"), "ambiguous"),
    parted("a key twice on an event", "a.xes", more("<string key='concept:name' value='z'/>"), 2, 1, "twice", "duplicate_key"),
    parted("a key twice on a trace", "a.xes", xes(trace("c", event()) + trace("d", "<string key='concept:name' value='e'/>", event(), event("b"))), 3, 2, "twice", "duplicate_key"),
    parted("a nested key twice over", "a.xes", more("<list key='x'/><list key='x'/>"), 2, 1, "twice", "duplicate_key"),
    parted("an event without a time", "a.xes", xes(trace("c", event(), "<event><string key='concept:name' value='b'/></event>")), 2, 1, "no time", "missing_time"),
    parted("an event without a name", "a.xes", xes(trace("c", event(), f"<event><date key='time:timestamp' value='{AT}'/></event>")), 2, 1, "no activity", "missing_activity"),
    parted("an event of nothing", "a.xes", xes(trace("c", event(), "<event/>")), 2, 1, "no activity", "missing_activity"),
    parted("a trace without a name", "a.xes", xes(trace("c", event()) + f"<trace>{event()}{event()}</trace>"), 3, 2, "no case", "missing_case"),
    parted("year 0", "a.xes", at(AT, "0000-01-01T00:00:00Z"), 2, 1, "0000-01-01", "unreadable_time"),
    parted("30 February", "a.xes", at(AT, "2026-02-30T00:00:00Z"), 2, 1, "2026-02-30", "unreadable_time"),
    parted("a time without a time", "a.xes", at(AT, ""), 2, 1, "no time", "missing_time"),
    parted("a giant value", "a.xes", lambda _: more(f"<string key='x' value='{'x' * (5 << 20)}'/>").encode(), 2, 1, "over 4 MB", "giant_field"),
    parted("a giant value of a trace", "a.xes", lambda _: xes(trace("c", event()) + trace("d", f"<string key='x' value='{'x' * (5 << 20)}'/>", event())).encode(), 2, 1, "over 4 MB", "giant_field"),
    parted("a number no type can hold", "a.xes", more("<float key='x' value='1e999'/>"), 2, 1, "1e999", "not_a_number"),
    parted("an integer no type can hold", "a.xes", more(f"<int key='x' value='{'9' * 400}'/>"), 2, 1, "999", "not_a_number"),
    warned("another name", "a.csv", XES, 3, "name_and_content"),
    warned("two traces with one id", "a.xes", xes(trace("c", event()) * 2), 2, "duplicate_case_ids", cells={"case_id": ["c", "c#2"]}),
    warned("ids that already look parted", "a.xes", xes(trace("c#2", event()) + trace("c", event()) * 2), 3, "duplicate_case_ids"),
    warned("empty traces", "a.xes", xes(trace("c", event()) + trace("d") + "<trace/>"), 1, "empty_traces"),
    warned("orphan events", "a.xes", xes(trace("c", event()) + event("lost")), 2, "orphan_events"),
    warned("duplicate events", "a.xes", xes(trace("c", event(), event())), 2, "duplicate_events"),
    warned("time runs back", "a.xes", at(AT, "2026-01-04T10:00:00Z"), 2, "disorder"),
    warned("an integer that is none", "a.xes", more("<int key='n' value='many'/>"), 2, "type_mismatch"),
    warned("a float that is none", "a.xes", more("<float key='n' value='1,5'/>"), 2, "type_mismatch"),
    warned("a boolean that is none", "a.xes", more("<boolean key='n' value='yes'/>"), 2, "type_mismatch"),
    warned("a date that is none", "a.xes", more("<date key='n' value='soon'/>"), 2, "type_mismatch"),
    warned("one key of two types, one wrong", "a.xes", xes(trace("c", event(more="<string key='n' value='x'/>"), event("b", more="<int key='n' value='x'/>"))), 2, "type_mismatch"),
    warned("a name of case and event", "a.xes", xes(trace("c", "<string key='note' value='x'/>", event(more="<string key='note' value='y'/>"))), 1, "name_clash"),
    warned("1970", "a.xes", at(AT, "1970-01-01T00:00:00Z"), 2, "early_dates"),
    warned("some without offset", "a.xes", at(AT, "2026-01-05T11:00:00"), 2, "mixed_offsets"),
    warned("mixed offsets", "a.xes", at("2026-01-05T10:00:00+05:00", "2026-01-05T10:00:00-08:00"), 2, "mixed_offsets"),
    warned("elements nobody knows", "a.xes", more("<vendor:thing xmlns:vendor='urn:v'><string key='x' value='1'/></vendor:thing>"), 2, "unknown_elements"),
    fine("plain", "a.xes", XES, 3),
    fine("xml for a name", "a.xml", XES, 3),
    fine("no declaration", "a.xes", xes(trace("c", event()), prolog=""), 1),
    fine("a mark", "a.xes", b"\xef\xbb\xbf" + XES.encode(), 3),
    fine("utf-16", "a.xes", XES.replace("UTF-8", "UTF-16").replace("'a'", "'é'").encode("utf-16"), 3),
    fine("latin-1", "a.xes", XES.replace("UTF-8", "ISO-8859-1").replace("'a'", "'é'").encode("latin-1"), 3, cells={"activity": ["é", "b", "é"]}),
    fine("offsets of every shape", "a.xes", at("2026-01-05T10:00:00.000+02:00", "2026-01-05T10:00:00.000+0200", "2026-01-05T10:00:00+02", "2026-01-05T10:00:00.123456789+02:00"), 4),
    fine("comma fractions", "a.xes", at("2026-01-05T10:00:00,123Z"), 1),
    fine("midnight at the end of a day", "a.xes", at("2026-01-05T24:00:00Z"), 1),
    fine("times without offset", "a.xes", at("2026-01-05T10:00:00"), 1, "tz_assumed"),
    fine("markup in a name", "a.xes", xes(trace("&lt;b&gt;&amp;amp;&#10;&#x1F600;", event("&quot;&apos;"))), 1, cells={"case_id": ["<b>&amp;\n😀"], "activity": ["\"'"]}),
    fine("a doctype in a value and a comment", "a.xes", xes(trace("c", event("&lt;!DOCTYPE log>"), "<!-- <!DOCTYPE log> -->")), 1),
    fine("events in a comment", "a.xes", xes(trace("c", event(), f"<!-- {event('no')} -->", event("b"))), 2),
    fine("events in CDATA", "a.xes", xes(trace("c", event(), f"<![CDATA[ {event('no')} ]]>", event("b"))), 2),
    fine("a processing instruction", "a.xes", xes("<?php system('rm') ?>" + trace("c", event())), 1),
    fine("globals, classifiers, extensions", "a.xes", xes("<extension name='Concept' prefix='concept' uri='http://127.0.0.1:9/x.xesext'/><global scope='event'><string key='concept:name' value='U'/></global><classifier name='c' keys='concept:name'/>" + trace("c", event())), 1),
    fine("keys nobody defined", "a.xes", more("<string key='x y:z' value='1'/><string key='' value='2'/>"), 2),
    fine("5,000 children of one attribute", "a.xes", more(f"<list key='x'><values>{many(5_000)}</values></list>"), 2),
    fine("blanks in tags", "a.xes", XES.replace("/>", "\n />").replace("key=", "\tkey = "), 3),
    fine("double quotes", "a.xes", XES.replace("'", '"'), 3),
    fine("ids that look like nothing", "a.xes", xes(trace("NA", event("null")) + trace("007", event("None"))), 2, cells={"case_id": ["NA", "007"], "activity": ["null", "None"]}),
)  # fmt: skip

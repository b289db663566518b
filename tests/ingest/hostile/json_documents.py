"""JSON and JSON Lines: what is no JSON, what is no log, and what is only strange."""

# ruff: noqa: E501 - tables are read across

import json

from tests.ingest.hostile.making import (
    AT,
    CSV,
    Hostile,
    fine,
    parted,
    record,
    refused,
    warned,
)

ROW = record()
LATIN = record(note='"café"')


def rows(*records: str) -> str:
    return "[" + ",\n".join(records) + "]"


def lines(*records: str) -> str:
    return "\n".join(records) + "\n"


def deep(count: int, inside: str = "1") -> str:
    return '{"a":' * count + inside + "}" * count


JSON_DOCUMENTS: tuple[Hostile, ...] = (
    refused("cut in a value", "a.json", '[{"case_id": "a", "activity": "b"}, {"case', "truncated"),
    refused("cut behind a value", "a.json", rows(ROW, ROW)[:-1], "truncated"),
    refused("cut behind a comma", "a.json", f"[{ROW},", "truncated"),
    refused("cut in a literal", "a.json", '[{"case_id": tru', "truncated"),
    refused("cut in an escape", "a.json", '[{"case_id": "\\u00', "truncated"),
    refused("cut in a number", "a.json", '[{"case_id": -', "truncated"),
    refused("cut lines", "a.jsonl", lines(ROW, ROW) + ROW[:20], "truncated"),
    refused("an open bracket", "a.json", "[", "truncated"),
    refused("no value for a key", "a.json", '[{"case_id": "a",\n "activity": }]', "line 2"),
    refused("trailing comma in a list", "a.json", f"[{ROW},\n]", "line 2"),
    refused("trailing comma in an object", "a.json", "[" + ROW[:-1] + ",\n}]", "line 2"),
    refused("single quotes", "a.json", "[{'case_id': 'a'}]", "line 1"),
    refused("names without quotes", "a.json", '[\n{case_id: "a"}]', "line 2"),
    refused("a comment", "a.json", f"[{ROW}, // so far\n{ROW}]", "line 1"),
    refused("NaN", "a.json", rows(ROW, record(n="NaN")), "line 2"),
    refused("infinity", "a.json", rows(ROW, record(n="-Infinity")), "line 2"),
    refused("a number with a leading zero", "a.json", rows(ROW, record(n="007")), "line 2"),
    refused("a line end in a text", "a.json", rows(record(note='"a\nb"')), "line 1"),
    refused("two documents", "a.json", rows(ROW) + "\n" + rows(ROW) + "\n}", "line 3"),
    refused("two documents on a line", "a.json", ROW + ROW, "line 1"),
    refused("a line that is no JSON", "a.jsonl", lines(ROW, ROW, "oops", ROW), "line 3"),
    refused("text behind the document", "a.json", rows(ROW) + " done", "line 1"),
    refused("arrays nest 100,000 deep", "a.json", "[" * 100_000 + "]" * 100_000, "depth"),
    refused("arrays nest 100,000 deep in a record", "a.json", rows(record(x="[" * 100_000 + "]" * 100_000)), "depth"),
    refused("arrays nest 100 deep in a record", "a.json", rows(record(x="[" * 100 + "]" * 100)), "depth"),
    refused("objects nest 200 deep", "a.json", rows(record(x=deep(200))), "depth"),
    refused("objects nest 100,000 deep", "a.json", deep(100_000), "depth"),
    refused("a line that nests deep", "a.jsonl", lines(ROW, record(x="[" * 100_000 + "]" * 100_000)), "depth"),
    refused("no records", "a.json", "[]", "no events"),
    refused("an empty object", "a.json", "{}", "no events"),
    refused("no records in an object", "a.json", '{"total": 0, "items": []}', "no events"),
    refused("no records at the path", "a.json", '{"total": 0, "items": []}', "no events", records="items"),
    refused("only values that are no records", "a.json", "[1, 2, 3]", "no events"),
    refused("a table of arrays", "a.json", '[["case_id", "activity"], ["c", "a"]]', "no events"),
    refused("nothing but blanks", "a.json", b" \n\t ", "empty"),
    refused("two lists of records", "a.json", f'{{"a": [{ROW}], "b": [{ROW}]}}', "records"),
    refused("latin-1", "a.json", rows(LATIN).encode("latin-1"), "encoding"),
    refused("latin-1 lines", "a.jsonl", lines(LATIN, LATIN).encode("latin-1"), "encoding"),
    refused("block of NUL", "a.jsonl", lines(ROW).encode() + bytes(512), "NUL"),
    refused("5,000 keys in a record", "a.json", rows(record(**{f"k{i}": "1" for i in range(5_000)})), "attributes"),
    refused("a column absent", "a.json", rows('{"id": 1, "activity": "a", "timestamp": "2026-01-01"}'), "case_id"),
    refused("dates in two orders", "a.json", rows(record(timestamp='"03/04/2026"')), "ambiguous"),
    parted("a key twice", "a.json", rows(ROW, '{"case_id": "x", ' + ROW[1:]), 2, 1, "twice", "duplicate_key"),
    parted("a key twice, deep", "a.json", rows(ROW, record(x='{"y": [{"z": 1, "z": 2}]}')), 2, 1, "twice", "duplicate_key"),
    parted("a key twice in lines", "a.jsonl", lines(ROW, '{"case_id": "x", ' + ROW[1:]), 2, 1, "twice", "duplicate_key"),
    parted("a record that is no object", "a.json", rows(ROW, "7", "null", '"x"', "[1]"), 5, 4, "no object"),
    parted("a line that is no object", "a.jsonl", lines(ROW, ROW, "7"), 3, 1, "no object"),
    parted("half a pair of surrogates", "a.json", rows(ROW, record(note='"\\ud800"')), 2, 1, "encoding"),
    parted("half a pair in a name", "a.json", rows(ROW, '{"\\udc00": 1, ' + ROW[1:]), 2, 1, "encoding"),
    fine("NUL escaped", "a.json", rows(record(activity=chr(34)+"a\\u0000b"+chr(34))), 1, cells={"activity": ["a\0b"]}),
    parted("a number no type can hold", "a.json", rows(ROW, record(n="1e999")), 2, 1, "1e999", "not_a_number"),
    parted("no time", "a.json", rows(ROW, record(timestamp="null")), 2, 1, "no time", "missing_time"),
    parted("no case", "a.json", rows(ROW, record(case_id='""')), 2, 1, "no case", "missing_case"),
    parted("an object for a case", "a.json", rows(ROW, record(case_id='{"id": 1}')), 2, 1, "no case", "missing_case"),
    parted("a giant value", "a.json", lambda _: rows(ROW, record(note='"' + "x" * (5 << 20) + '"')).encode(), 2, 1, "over 4 MB", "giant_field"),
    parted("a line in another encoding", "a.jsonl", lines(LATIN, LATIN).encode() + LATIN.encode("latin-1") + b"\n", 3, 1, "encoding"),
    warned("another name", "a.csv", rows(ROW), 1, "name_and_content"),
    warned("epochs", "a.json", rows(record(timestamp="1767225600")), 1, "epochs"),
    warned("duplicate events", "a.json", rows(ROW, ROW), 2, "duplicate_events"),
    fine("a list", "a.json", rows(ROW), 1),
    fine("a list in an object", "a.json", f'{{"page": 1, "items": [{ROW}]}}', 1, "records_found"),
    fine("a mark", "a.json", b"\xef\xbb\xbf" + rows(LATIN).encode(), 1),
    fine("utf-16 as shells write it", "a.json", rows(LATIN).encode("utf-16"), 1),
    fine("lines with blank ones between", "a.jsonl", lines(ROW, "", " ", record(activity='"b"')), 2),
    fine("lines that end with a return", "a.jsonl", lines(ROW, record(activity='"b"')).replace("\n", "\r\n"), 2),
    fine("one line", "a.jsonl", ROW + "\n", 1),
    fine("line separators in a text", "a.jsonl", lines(record(activity='"a\u2028b\x85c"'), ROW), 2),
    fine("huge integers", "a.json", rows(record(case_id="123456789012345678901234567890")), 1, cells={"case_id": ["123456789012345678901234567890"]}),
    fine("ids that look like nothing", "a.json", rows(record(case_id='"NA"'), record(case_id='"null"')), 2, cells={"case_id": ["NA", "null"]}),
    fine("escapes", "a.json", rows(record(activity='"\\ud83d\\ude00\\n\\u00e9\\/"')), 1, cells={"activity": ["😀\né/"]}),
    fine("records that differ", "a.json", rows(record(x="1"), record(y="[1, {}]"), record(z='{"a": {"b": null}}')), 3),
    fine("hostile names", "a.json", rows(record(**{"s0; drop table": "1", "#row": "2", "": "3"})), 1),
    fine("csv in a text", "a.json", rows(record(note=json.dumps(CSV))), 1),
    fine("a path through lists", "a.json", f'{{"pages": [{{"items": [{ROW}]}}, {{"items": []}}]}}', 1, records="pages.items"),
    fine("offsets", "a.json", rows(record(timestamp='"2026-01-05T10:00:00.000+0000"'), ROW.replace(AT, "2026-01-06T10:00:00Z")), 2),
)  # fmt: skip

"""The mapping file: what it says comes back as it was, and what is wrong in it is told by name."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home.errors import UsageError
from ingest.mapping import CANONICAL
from ingest.mapping_file import MappingFile
from ingest.shaping.steps import STEPS, Add, Derive, Hide, Merge, Rename

HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    [
        '"',
        "'''",
        '"""',
        "a = b",
        "# no comment",
        "\\",
        "\\u0000",
        "line\nline",
        "\r\n",
        "]]",
        "{a}",
        "ключ",
        "a.b",
    ]
)
WHOLE = st.integers(0, 10**7).map(lambda seconds: f"{seconds}s")
TEMPLATES = st.lists(HOSTILE.map(lambda t: t.replace("{", "{{").replace("}", "}}")), max_size=2).map(
    lambda texts: "{step}".join(["", *texts, ""])
)
DERIVED = TEMPLATES.filter(lambda t: "{step}" in t)
STEP = st.one_of(
    st.builds(Rename, name=HOSTILE | st.just(""), rename=HOSTILE, to=HOSTILE),
    st.builds(Merge, merge=st.lists(HOSTILE, min_size=1, max_size=3).map(tuple), to=HOSTILE),
    st.builds(Hide, hide=st.lists(HOSTILE, min_size=1, max_size=3).map(tuple)),
    st.builds(
        Derive,
        derive=st.sampled_from(["activity", "case_id"]),
        template=DERIVED,
        where=st.dictionaries(HOSTILE, HOSTILE, max_size=2),
    ),
    st.builds(
        Add,
        add=HOSTILE,
        after=HOSTILE,
        before=st.none() | HOSTILE,
        typical=st.none() | WHOLE,
        role=st.none() | HOSTILE,
    ),
)
FIELDS = st.sampled_from(list(CANONICAL)) | HOSTILE.map(lambda name: f"case:{name}")
OPTION = st.none() | HOSTILE
FILES = st.builds(
    MappingFile,
    map=st.dictionaries(FIELDS, HOSTILE, max_size=4),
    links=st.dictionaries(HOSTILE, HOSTILE, max_size=3),
    tables=st.dictionaries(HOSTILE, HOSTILE, max_size=2),
    mask=st.lists(HOSTILE, max_size=3).map(tuple),
    shape=st.lists(STEP, max_size=4).map(tuple),
    **dict.fromkeys(
        ("adapter", "system", "tz", "delimiter", "query", "cursor", "sheet", "key", "root"), OPTION
    ),
)


@given(file=FILES, head=HOSTILE, notes=st.dictionaries(FIELDS | st.just("query"), HOSTILE, max_size=4))
def test_a_mapping_file_comes_back_as_it_was(file, head, notes):
    assert MappingFile.parse(file.to_toml(), "mapping.toml") == file
    assert MappingFile.parse(file.to_toml(head=head, notes=notes), "mapping.toml") == file


def test_a_mapping_file_reads_like_its_documentation():
    file = MappingFile.parse(
        """
        system = "ERP"
        key = "order"
        mask = ["resource"]
        [map]
        case_id = "Order No"
        [links]
        quote = "Quote No"
        [[shape]]
        name = "One spelling"
        merge = ["Pay", "Pay bill"]
        to = "Pay"
        [[shape]]
        hide = "Heartbeat"
        [[shape]]
        add = "Phone the customer"
        after = "Pay"
        typical = "1.5h"
        """,
        "mapping.toml",
    )
    assert (file.options, file.wish.links, file.mask) == (
        {"system": "ERP"},
        {"quote": "Quote No"},
        ("resource",),
    )
    assert [step.title for step in file.shape] == [
        "One spelling",
        "hide 'Heartbeat'",
        "add 'Phone the customer' by hand after 'Pay'",
    ]
    assert file.to_toml(head="How orders.csv is read.") == (
        "# How orders.csv is read.\n\n"
        'system = "ERP"  # the system the source belongs to, written on every event that does not say\n'
        'mask = ["resource"]  # fields or columns whose values are replaced by keyed digests\n'
        'key = "order"  # what the case ids of this source number: order, invoice\n\n'
        '[map]  # which column is which field\ncase_id = "Order No"\n\n'
        '[links]  # other keys that a row carries: key = column\nquote = "Quote No"\n\n'
        '[[shape]]  # steps that shape the log, in order\nname = "One spelling"\n'
        'merge = ["Pay", "Pay bill"]\nto = "Pay"\n\n'
        '[[shape]]\nhide = ["Heartbeat"]\n\n'
        '[[shape]]\nadd = "Phone the customer"\nafter = "Pay"\ntypical = "90min"\n'
    )


WRONG = [
    ('sytem = "x"', ["m.toml", "'sytem'", "'system'"]),
    ("a = = b", ["m.toml", "line 1"]),
    ("system = 5", ["m.toml", "system", "5", "string"]),
    ('[map]\ncaseid = "x"', ["m.toml", "[map]", "'caseid'", "'case_id'"]),
    ("[map]\ncase_id = 5", ["m.toml", "map.case_id", "5"]),
    ('map = "x"', ["m.toml", "map", "'x'"]),
    ('mask = "resource"', ["m.toml", "mask", '["resource"]']),
    ('[links]\norder = ""', ["m.toml", "links.order", "at least 1"]),
    ('shape = "x"', ["m.toml", "[[shape]]"]),
    ("shape = [5]", ["m.toml", "step 1"]),
    ('[[shape]]\nto = "x"', ["m.toml", "step 1", *STEPS]),
    ('[[shape]]\nrename = "a"\nhide = "b"', ["step 1", "rename", "hide"]),
    ('[[shape]]\nhide = "b"\n[[shape]]\nrename = "a"\ntoo = "b"', ["step 2", "'too'", "'to'"]),
    ('[[shape]]\nrename = "a"', ["step 1", "to is missing"]),
    ("[[shape]]\nhide = []", ["step 1", "hide"]),
    ('[[shape]]\nderive = "resource"\ntemplate = "{a}"', ["step 1", "derive", "'resource'", "'case_id'"]),
    ('[[shape]]\nderive = "activity"\ntemplate = "{a"', ["step 1", "'{a'", "brace"]),
    ('[[shape]]\nderive = "activity"\ntemplate = "a"', ["step 1", "names no column"]),
    ('[[shape]]\nadd = "a"\nafter = "b"\ntypical = "soon"', ["step 1", "typical", "'soon'", "2h"]),
]


@pytest.mark.parametrize(("content", "words"), WRONG, ids=[content for content, _ in WRONG])
def test_what_is_wrong_in_a_mapping_file_is_told_by_name(content, words):
    with pytest.raises(UsageError) as caught:
        MappingFile.parse(content, "m.toml")
    told = f"{caught.value.message} {caught.value.hint}"
    assert all(word in told for word in words), told
    assert len(told) < 400


def test_comments_cannot_end_what_they_are_beside():
    text = MappingFile(map={"case_id": "x"}).to_toml(
        head="a\nb\0c", notes={"case_id": 'why\n[map]\ncost = "y"'}
    )
    assert tomllib.loads(text) == {"map": {"case_id": "x"}}

"""Names shown as they stand, whatever they hold."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dashboard.parts.plain import ago, literal
from home.text import cel_text, text_of_cel


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_markdown_shows_a_name_as_it_stands(name: str) -> None:
    shown = MarkdownIt().renderInline(literal(name))
    for mark in ("<em>", "<strong>", "<a ", "<img", "<code>", "<br"):
        assert mark not in shown


def test_streamlits_own_marks_are_escaped_too() -> None:
    assert literal(":material/home: :red[x] $x$") == r"\:material\/home\: \:red\[x\] \$x\$"


@given(st.text(max_size=40))
def test_a_name_as_a_cel_literal_is_the_same_name(name: str) -> None:
    from cel_expr_python import cel

    environment = cel.NewEnv(variables={})
    printable = "".join(c for c in name if ord(c) < 0xD800 or ord(c) > 0xDFFF)
    program = environment.compile(cel_text(printable))
    assert program.eval(data={}).value() == printable
    assert text_of_cel(cel_text(name)) == name


def test_how_long_ago_is_said_in_one_unit() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    said = [ago(now - timedelta(seconds=s), now) for s in (5, 300, 7200, 200_000)]
    assert said == ["5 s ago", "5 min ago", "2 h ago", "2 d ago"]

"""Rules are true, false, or a clear error; never anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.core.rules import RuleError, compile_rule, field_of, has_field, literal

ENVIRONMENT = {
    "data": {"amount": 1500, "kind": "new", "my field": 2.5, "nothing": None},
    "done": {"check": 2},
    "outcome": {"check": "ok"},
    "visit": 1,
    "elapsed_s": 7200.0,
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("data.amount > 1000", True),
        ("data.amount > 1000.0 && data.kind == 'old'", False),
        ("data['my field'] >= 2.5", True),
        ("done.check > 1 && outcome.check == 'ok'", True),
        ("elapsed_s > 3600", True),
        ("visit == 1", True),
        ("'absent' in data && data.absent > 3", False),
    ],
)
def test_rules_hold_or_not(expression: str, expected: bool) -> None:
    assert compile_rule(expression)(ENVIRONMENT) is expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("data.amount >", "column"),
        ("amount > 3", "undeclared reference to 'amount'"),
        ("visit + 1", "says int"),
        ("open('/etc/passwd')", "does not compile"),
        ("'a' + 1 == 'a1'", "no matching overload"),
        ("true" + " || true" * 1000, "characters long"),
    ],
)
def test_what_is_no_rule_is_refused_when_compiled(expression: str, said: str) -> None:
    with pytest.raises(RuleError, match=said):
        compile_rule(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "1 / 0 == 1",
        "9223372036854775807 + visit > 0",
        "data.absent > 3",
        "data.nothing > 3",
        "data.amount",
        "data.amount > 'many'",
        "[1,2,3,4,5,6,7,8,9].all(a," * 6 + "a > 0" + ")" * 6,
    ],
)
def test_what_says_neither_true_nor_false_is_an_error(expression: str) -> None:
    with pytest.raises(RuleError):
        compile_rule(expression)(ENVIRONMENT)


@given(st.text(max_size=20).filter(lambda t: "\0" not in t and not any("\ud800" <= c <= "\udfff" for c in t)))
def test_any_text_can_be_named_and_compared(text: str) -> None:
    environment = ENVIRONMENT | {"data": {text: text}}
    assert compile_rule(f"{has_field(text)} && {field_of(text)} == {literal(text)}")(environment)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_can_be_compared(value: float) -> None:
    assert compile_rule(f"data.x == {literal(value)}")(ENVIRONMENT | {"data": {"x": value}})

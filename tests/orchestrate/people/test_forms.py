"""Forms: what is filled in is held to the step's contract before it counts, in words, field by field."""

import pytest

from orchestrate.people.forms import FormBroken, problems, with_defaults

from .conftest import MakeOffice, human

ORDER = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "minimum": 1, "maximum": 100},
        "pieces": {"type": "integer", "multipleOf": 2},
        "day": {"type": "string", "format": "date"},
        "code": {"type": "string", "pattern": "^[A-Z]+$", "maxLength": 3},
        "kind": {"enum": ["gift", "sale"], "default": "sale"},
        "to": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "land": {"default": "DE"}},
            "required": ["street"],
        },
        "lines": {"type": "array", "items": {"type": "number"}, "minItems": 1, "uniqueItems": True},
    },
    "required": ["amount"],
}


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ({}, "amount", "is needed"),
        ({"amount": 0}, "amount", "must be at least 1"),
        ({"amount": 101}, "amount", "must be at most 100"),
        ({"amount": "7"}, "amount", "must be of type number"),
        ({"amount": 7, "pieces": 3}, "pieces", "must be a multiple of 2"),
        ({"amount": 7, "day": "2026-02-30"}, "day", "must be a date"),
        ({"amount": 7, "code": "ABCD"}, "code", "may have at most 3 characters"),
        ({"amount": 7, "code": "ab"}, "code", "must match ^[A-Z]+$"),
        ({"amount": 7, "kind": "loan"}, "kind", "must be one of gift, sale"),
        ({"amount": 7, "to": {}}, "to.street", "is needed"),
        ({"amount": 7, "lines": []}, "lines", "needs at least 1"),
        ({"amount": 7, "lines": [1, "x"]}, "lines.1", "must be of type number"),
        ({"amount": 7, "lines": [1, 1]}, "lines", "names something twice"),
    ],
)
def test_each_problem_is_told_at_its_field(given: dict[str, object], where: str, what: str) -> None:
    assert problems(ORDER, given) == {where: what}


def test_defaults_fill_what_was_left_out_and_nothing_else() -> None:
    assert with_defaults(ORDER, {"amount": 7, "to": {"street": "x"}}) == {
        "amount": 7,
        "kind": "sale",
        "to": {"street": "x", "land": "DE"},
    }
    assert with_defaults(ORDER, {"kind": "gift"}) == {"kind": "gift"}


def test_what_does_not_fit_decides_nothing_and_what_fits_reaches_the_run(office: MakeOffice) -> None:
    here = office(human("enter", output=ORDER), human("approve"))
    here.start()
    (task,) = here.tasks()
    with pytest.raises(
        FormBroken, match=r"'Enter' does not fit: amount: must be at most 100; to\.street"
    ) as found:
        here.decide(task.task, "ada", data='{"amount": 1000, "to": {}}')
    assert found.value.exit_code == 1
    assert found.value.problems == {"amount": "must be at most 100", "to.street": "is needed"}
    assert here.tasks()[0].task == task.task
    here.decide(task.task, "ada", data='{"amount": 10}')
    (later,) = here.tasks()
    assert later.context["data"] == {"amount": 10, "kind": "sale"}

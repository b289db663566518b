"""Plans survive the way to YAML and back, and a wrong file is told by line."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.errors import NotFound
from orchestrate.contracts import (
    Branch,
    Choice,
    Loop,
    Owner,
    Parallel,
    Plan,
    Retry,
    Sequence,
    Skip,
    Sla,
    Step,
)
from orchestrate.plans.check import PlanRefused, check_plan
from orchestrate.plans.plan_file import PlanFileError, parse_plan, plan_text, read_plan
from orchestrate.plans.yaml_text import YamlError, read_yaml, write_yaml

PLAN = """\
name: orders
owner: {name: ada}
body:
  kind: sequence
  id: all
  children:
  - kind: step
    id: check
    name: Check order
    timeout: PT30M
  - kind: choice
    id: way
    by: rule
    otherwise: pass
    branches:
    - {name: big, share: 0.2, when: data.amount > 1000, body: {kind: step, id: approve, name: Approve}}
    - {name: pass, share: 0.8, body: {kind: skip, id: nothing}}
"""

texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\x85\u2028\u2029\ufeff"), max_size=12
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    texts,
    st.sampled_from(["1e5", "yes", "null", "~", "0x1f", "1:30", "2024-01-01", "=", "<<", "- a", "1_000", ""]),
)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=12))
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_back_equal(document: object) -> None:
    found, _ = read_yaml(write_yaml(document))
    assert found == document and type(found) is type(document)


def test_a_plan_survives_the_file() -> None:
    plan = Plan(
        name="p",
        owner=Owner(name="ada", confirmed=True),
        body=Sequence(
            id="s",
            children=(
                Step(
                    id="a",
                    name="yes",
                    role="no",
                    outcomes=("approved", "rejected"),
                    sla=Sla(due=timedelta(hours=4, milliseconds=1), escalate=("boss",)),
                    retry=Retry(attempts=7),
                    output={"type": "object", "properties": {"ok": {"type": "boolean"}}},
                ),
                Parallel(id="p", children=(Step(id="b", name="B"), Step(id="c", name="C"))),
                Choice(
                    id="x",
                    by="outcome",
                    of="a",
                    branches=(
                        Branch(name="approved", share=0.9, body=Skip(id="k")),
                        Branch(name="rejected", share=0.1, body=Step(id="d", name="D")),
                    ),
                ),
                Loop(id="l", body=Step(id="e", name="E"), redo=Skip(id="r"), by="rule", again="visit < 2"),
            ),
        ),
        expected=timedelta(days=2),
    )
    text = plan_text(plan)
    assert parse_plan(text) == plan
    assert "PT4H0.001S" in text and "max_visits" not in text and text.count("kind:") == 11


def test_a_plan_by_hand_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(PLAN)
    plan = read_plan(file)
    assert plan.name == "orders"
    assert check_plan(plan).problems == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("timeout: PT30M", "timeout: soon"), r"line 10, body > children > 1 > timeout: .*duration"),
        (("timeout:", "tiemout:"), "line 10.*there is no field 'tiemout' here"),
        (("name: orders\n", ""), "line 1, plan: the field 'name' is missing"),
        (("name: orders", "name: Orders!"), "line 1, name: String should match pattern"),
        (("kind: choice", "kind: chance"), "line 11.*`kind` must be step, sequence"),
        (("id: check", "id: check\n    id: again"), "line 9: the key 'id' is given twice; first on line 8"),
        (("id: check", "id: &x check"), "line 8: .*anchors are not read"),
        (("name: Check order", "name: *x"), "line 9: an alias"),
        (("id: all", "id: !!python/object:os.system all"), "line 5: .*tags"),
        (("by: rule", "by: 'rule"), "line .*: "),
        (("name: orders", "format: 2\nname: orders"), "newer Baton"),
    ],
)
def test_a_wrong_file_names_line_and_field(change: tuple[str, str], said: str) -> None:
    with pytest.raises(PlanFileError, match=said):
        parse_plan(PLAN.replace(*change), "orders.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("id: approve", "id: check"), "used 2 times"),
        (("data.amount > 1000", "amount > 1000"), "undeclared reference to 'amount'"),
        (("data.amount > 1000", "visit + 1"), "not true or false"),
        (("otherwise: pass", "otherwise: fail"), "'fail', which is no branch"),
        (("by: rule", "by: outcome"), "the outcome of None"),
        (("name: pass, share", "name: big, share"), "two branches have one name"),
        (("timeout: PT30M", "timeout: PT0S"), "no time at all"),
        (("timeout: PT30M", "output: {type: strnig}"), "no JSON schema"),
        (("timeout: PT30M", "output: {$ref: 'http://example.org/s'}"), "never fetched"),
        (("name: ada", "name: ' '"), "no owner"),
    ],
)
def test_a_plan_that_cannot_run_says_why(change: tuple[str, str], said: str) -> None:
    checked = check_plan(parse_plan(PLAN.replace(*change)))
    assert any(said in problem.message for problem in checked.problems), checked.problems
    assert said.split("'")[0] in PlanRefused(checked).message


def test_a_plan_may_not_grow_past_a_quarter() -> None:
    plan = parse_plan(PLAN)
    grown = plan.model_copy(update={"as_is": Step(id="check", name="Check")})
    assert any("over 25 % more than today's" in problem.message for problem in check_plan(grown).problems)


def test_bombs_are_refused() -> None:
    with pytest.raises(YamlError, match="deeper"):
        read_yaml("[" * 200 + "]" * 200)
    with pytest.raises(YamlError, match="anchors"):
        read_yaml("a: &a [x, x]\nb: [*a, *a]")
    with pytest.raises(YamlError, match="characters"):
        read_yaml(" " * 9_000_000)
    with pytest.raises(YamlError, match="second document"):
        read_yaml("a: 1\n---\nb: 2\n")
    with pytest.raises(YamlError, match="empty"):
        read_yaml("")


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Cannot read"):
        read_plan(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(PlanFileError, match="UTF-8 at byte 9"):
        read_plan(tmp_path / "latin.yaml")

"""On every public log each question of an analyst has an answer, and counts equal those of PM4Py."""

from collections.abc import Iterator

import pytest

from ingest.catalog import find_log
from tests.loop.asking import QUESTIONS, Analyst
from tests.loop.conftest import PublicHome, documented_table
from tests.loop.papers import ACTIVITY, CASE, TIME, frame

pytestmark = pytest.mark.logs

FEW = ("example", "manual_2", "insurance")
"""Small ones that the quick suite asks too."""
LOGS = [log if log in FEW else pytest.param(log, marks=pytest.mark.long) for log in documented_table()]


@pytest.fixture(scope="module")
def few(public_logs, tmp_path_factory) -> PublicHome:
    """A home with the small logs."""
    return PublicHome(tmp_path_factory.mktemp("few") / "home", logs=public_logs).holding(*FEW)


@pytest.fixture(scope="module")
def analysts() -> Iterator[dict[str, Analyst]]:
    """Who has asked so far, by home."""
    known: dict[str, Analyst] = {}
    yield known
    for analyst in known.values():
        analyst.close()


@pytest.fixture
def analyst(request, analysts, log) -> Analyst:
    """Somebody to ask about `log`."""
    home: PublicHome = request.getfixturevalue("few" if log in FEW else "public_home").holding(log)
    if str(home.folder) not in analysts:
        analysts[str(home.folder)] = Analyst.at(home.folder)
    return analysts[str(home.folder)]


@pytest.mark.parametrize("log", LOGS)
def test_every_question_is_answered(analyst: Analyst, log: str) -> None:
    for question in QUESTIONS:
        assert analyst.ask(question.format(log=log))


@pytest.mark.parametrize("log", LOGS)
def test_a_log_does_not_differ_from_itself(analyst: Analyst, log: str) -> None:
    found = analyst.ask(f"difference {log} --with {log}")
    assert found["cases"] == found["other_cases"] > 0
    for each in (*found["activities"], *found["flows"]):
        assert (each["points"], each["sure"]) == (0, False)
        assert each["median_s"] == each["other_median_s"]


@pytest.mark.parametrize("log", LOGS)
def test_figures_equal_those_of_pm4py(analyst: Analyst, log: str, public_logs) -> None:
    import pm4py

    with analyst.context.events.cursor(find_log(analyst.context.events, log).schema) as cursor:
        names = {"case_id": CASE, "activity": ACTIVITY, "ts": TIME}
        raw = cursor.execute("select case_id, activity, ts from shaped order by n").df().rename(columns=names)
    theirs = frame(log, public_logs, raw)
    flows, starts, ends = pm4py.discover_dfg(theirs)
    found = analyst.ask(f"map {log} --view events")
    assert {(f["source"], f["target"]): f["events"] for f in found["flows"]} == dict(flows)
    assert {b["activity"]: b["cases"] for b in found["starts"]} == dict(starts)
    assert {b["activity"]: b["cases"] for b in found["ends"]} == dict(ends)
    listed = analyst.ask(f"variants {log} --view events")["variants"]
    variants = {tuple(v): n for v, n in pm4py.get_variants(theirs).items()}
    assert {tuple(v["activities"]): v["cases"] for v in listed} == variants
    repeated = analyst.ask(f"rework {log} --view events")["activities"]
    assert {a["activity"]: a["cases"] for a in repeated} == pm4py.get_rework_cases_per_activity(theirs)

"""Every public log that an adapter reads has the counts that were published for it."""

import pytest

SIMOD = {"map": ("timestamp=end_time", "start=start_time")}
APROMORE = {"map": ("activity=Activity", "resource=Resource", "timestamp=end_time", "start=start_time")}
JIRA = {
    "map": (
        "case_id=key",
        "activity=changelog.histories.items.toString",
        "timestamp=changelog.histories.created",
        "resource=changelog.assignee",
    )
}
PUBLISHED = {
    # file: options, cases, events, activities, variants (None where none was published)
    "onboard_client.csv.gz": ({"map": ("case_id=process", "timestamp=end")}, 6838, 54224, 11, 16),
    "road_fine.xes.gz": ({}, 150370, 561470, 11, 231),
    "Sepsis.xes.gz": ({}, 1050, 15214, 16, 846),
    "BPI_2020_DomesticDeclarations.xes.gz": ({}, 10500, 56437, 17, 99),
    "BPIC13_closed_problems.xes.gz": ({}, 1487, 6660, 4, 183),
    "receipt.csv": ({}, 1434, 8577, 27, 116),
    "receipt.xes.gz": ({}, 1434, 8577, 27, 116),
    "receipt.parquet": ({"tz": "Europe/Amsterdam"}, 1434, 8577, 27, 116),
    "running-example.csv": ({}, 6, 42, 8, 6),
    "running-example.xes": ({}, 6, 42, 8, 6),
    "Insurance_Claims_train.csv.gz": (SIMOD, 1000, None, None, None),
    "LoanApp_simplified_train.csv.gz": (SIMOD, 1000, None, None, None),
    "LoanApp_simplified_test.csv.gz": (SIMOD, None, None, None, None),
    "Loan_Application_batched.csv.gz": (APROMORE, 7000, 70162, None, None),
    "Loan_Application_WTs.csv.gz": (APROMORE, None, None, None, None),
    "waiting/manual_log_1.csv": (APROMORE, None, None, None, None),
    "waiting/manual_log_2.csv": (APROMORE, None, None, None, None),
    "waiting/Loan_Application_5_timers.csv.gz": (SIMOD, 1000, None, None, None),
    "waiting/Procure_to_Pay_5_timers.csv.gz": (SIMOD, 1000, None, None, None),
    "drift/Atomic_Loop_output_Loop.xes.gz": ({}, 2999, None, None, None),
    "drift/Atomic_ParallelToSequence_output_ParallelToSequence.xes.gz": ({}, 2999, None, None, None),
    "drift/Atomic_Substitute_output_Substitute.xes.gz": ({}, 2999, None, None, None),
    # one event per status move, plus the creation of each issue
    "jira_apache_pseudo.zip": (JIRA, 501, 827 + 501, None, None),
}


@pytest.mark.logs
@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_as_published(room, public_logs, name):
    options, cases, events, activities, variants = PUBLISHED[name]
    report = room.load(public_logs / name, **options)
    assert report.set_aside == 0
    assert report.seen == report.loaded == report.events
    found = (report.cases, report.events, report.activities, report.variants)
    for published, counted in zip((cases, events, activities, variants), found, strict=True):
        assert published in (None, counted)


@pytest.mark.logs
def test_a_classifier_may_stand_for_the_activity(room, public_logs):
    """Closed problems have 7 activities and 327 variants when the lifecycle belongs to the name."""
    report = room.load(public_logs / "BPIC13_closed_problems.xes.gz", map=("activity=Activity classifier",))
    assert (report.events, report.activities, report.variants) == (6660, 7, 327)


@pytest.mark.logs
def test_a_case_called_na_is_a_case(room, public_logs):
    room.load(public_logs / "Sepsis.xes.gz")
    assert room.query("select count(*) from cv where case_id = 'NA'") == [(1,)]

"""Alerts are sent: once, together where they have one cause, never too many, and whatever breaks off."""

from pathlib import Path
from typing import Any

import pytest

from home.alerting import AlertSettings, read_alerting
from home.context import Context
from home.contracts import Nothing
from home.errors import SettingError
from home.settings import configure
from home.show_settings import show_settings
from orchestrate.alerts import send as sending
from orchestrate.alerts.loop import Alerting
from orchestrate.alerts.settle import SettleRequest, settle
from orchestrate.watching.health import runs_well
from tests.orchestrate.connectors.smtp import Mail, text_of

from .conftest import Home, later, subjects, worker

BOTH = 'to = ["env:OPS", "env:NOBODY"]'


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What both databases understand is seen elsewhere."""
    return f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"


def test_repeats_are_quiet_for_a_while_and_what_is_over_by_then_is_never_told(home: Home, mail: Mail) -> None:
    here = worker(home, 'to = ["env:OPS"]\nquiet_s = 600')
    run = home.run("C-1")
    home.alert(run)
    here.beat()
    for visit in (2, 3, 4):
        later(home, seconds=60)
        home.alert(run, visit=visit)
        here.beat()
    assert len(mail.mails) == 1
    settle(home.context, SettleRequest(alert=(f"{run}/late/approve/4",)))
    later(home, seconds=421)
    here.beat()
    assert subjects(mail)[1:] == ["Baton: late, and 1 more: run C-1 of orders"]


def test_so_many_in_an_hour_and_one_that_sums_up_the_rest(home: Home, mail: Mail) -> None:
    here = worker(home, 'to = ["env:OPS"]\nper_hour = 2')
    for n in range(5):
        home.alert(home.run(f"C-{n}"))
        later(home, seconds=1)
    here.beat()
    assert len(mail.mails) == 3 and subjects(mail)[2] == "Baton: 3 more alerts"
    assert all(f"C-{n}: late" in text_of(mail.mails[2]) for n in (2, 3, 4))
    for n in range(5, 8):
        home.alert(home.run(f"C-{n}"))
        here.beat()
    assert len(mail.mails) == 3
    later(home, hours=1)
    here.beat()
    assert len(mail.mails) == 6 and subjects(mail)[5] == "Baton: 1 more alerts"


def test_a_worker_that_dies_while_sending_is_replaced_when_its_claim_has_run_out(
    home: Home, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, other = worker(home), worker(home)
    home.alert(home.run("C-1"))
    with monkeypatch.context() as broken:
        broken.setattr(sending, "_send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            here.beat()
    other.beat()
    assert mail.mails == []
    later(home, seconds=61)
    other.beat()
    here.beat()
    assert len(mail.mails) == 1


def test_an_address_that_takes_nothing_stops_nobody_and_is_told_by_doctor(home: Home, mail: Mail) -> None:
    here = worker(home, BOTH)
    home.alert(home.run("C-1"))
    here.beat()
    assert [sent["To"] for sent in mail.mails] == ["ops@example.org"]
    (check,) = (c for c in runs_well(home.context) if c.check == "alerts")
    assert check.level == "warning" and "env:NOBODY: E-Mail did not take the message" in check.found
    assert "example.org" not in check.found
    here.beat()
    assert len(mail.mails) == 1
    mail.refusing = "no such address"
    later(home, seconds=61)
    here.beat()
    assert [sent["To"] for sent in mail.mails] == ["ops@example.org", "nobody@example.org"]
    (check,) = (c for c in runs_well(home.context) if c.check == "alerts")
    assert check.level == "ok"


def test_a_message_that_could_not_be_sent_is_dropped_when_all_is_over(home: Home, mail: Mail) -> None:
    here = worker(home, 'to = ["env:NOBODY", "env:NOT_SET"]')
    run = home.run("C-1")
    home.alert(run)
    here.beat()
    settle(home.context, SettleRequest(alert=(f"{run}/late/approve/1",)))
    mail.refusing = "no such address"
    later(home, hours=2)
    here.beat()
    assert mail.mails == []
    assert next(c for c in runs_well(home.context) if c.check == "alerts").level == "ok"


def test_only_the_kinds_that_are_wanted_and_a_cause_that_comes_back_is_told_again(
    home: Home, mail: Mail
) -> None:
    here = worker(home, 'to = ["env:OPS"]\nkinds = ["breaker"]\nquiet_s = 0')
    home.alert(home.run("C-1"))
    home.context.state.execute("insert into system_state(name, breaker, openings) values ('ERP', 'open', 1)")
    home.alert("", "breaker", "ERP", 1)
    here.beat()
    assert subjects(mail) == ["Baton: system out of order: system ERP"]
    home.context.state.execute("update system_state set breaker = 'closed'")
    here.beat()
    later(home, seconds=1)
    home.context.state.execute("update system_state set breaker = 'open', openings = 2")
    home.alert("", "breaker", "ERP", 2)
    here.beat()
    assert len(mail.mails) == 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('to = ["mailto://u:hunter2@example.org"]', "'to'"),
        ("colour = 1", "'colour': there is no such setting"),
        ("per_hour = 0", "'per_hour'"),
        ('kinds = ["lates"]', "there is no kind 'lates'"),
    ],
)
def test_settings_that_cannot_be_are_refused_without_saying_an_address(
    home: Home, said: str, why: str
) -> None:
    with pytest.raises(SettingError, match=why) as refused:
        worker(home, said)
    assert "hunter2" not in refused.value.message


def test_the_settings_in_force_are_shown(home: Home) -> None:
    worker(home, BOTH)
    configured = Context(configure({"home": home.context.home}, {}))
    shown: dict[str, Any] = {s.setting: s for s in show_settings(configured, Nothing()).settings}
    assert shown["alerts.to"].value == "env:OPS, env:NOBODY"
    assert (shown["alerts.per_hour"].value, shown["alerts.per_hour"].origin) == ("10", "default")
    assert read_alerting(home.context.home.parent) == AlertSettings()


def test_without_anybody_to_tell_alerts_still_settle_themselves(home: Home, context: Context) -> None:
    home.alert("run-gone", "late")
    Alerting(context).beat()
    (row,) = context.state.rows("select ended, message_id from alert")
    assert row["ended"] is not None and row["message_id"] is None

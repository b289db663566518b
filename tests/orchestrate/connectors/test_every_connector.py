"""One contract for every connector, against services, databases, brokers and programs that are real."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from home.context import Context
from orchestrate.connectors.options import BadSettings, Options, meanings, read_options
from orchestrate.connectors.port import About, Ask, CallFailed, Later
from orchestrate.connectors.registry import close_connectors, find_connector, installed, open_connectors
from orchestrate.core.plan_index import breach

from .attempts import call, work
from .cases import CASES, World, cancelled, step_of
from .smtp import mail_server

PLANTED = "s3cret-word-of-mine"
UNCALLED = {"cancel": "ends its run", "human": "done by a person", "manual": "done by a person"}
STRANGE = [
    "'; drop table sale; --",
    "{{7*7}} {0.__class__} ${jndi:ldap://x}",
    "\0\x1b[2J\r\nBcc: all@example.org",
    "../../etc/passwd",
    "$(id)`id`; id",
    "ÿ" * 2000 + "\ud800",
    {"__class__": {"$ref": "#"}},
    [[[[[]]]]],
    10**400,
    -0.0,
    None,
]
named = [pytest.param(name, marks=[getattr(pytest.mark, m) for m in CASES[name].marks]) for name in CASES]


@pytest.fixture
def world(
    service: Any,
    tmp_path: Path,
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[World]:
    service.seen.clear()
    name = request.node.callspec.params.get("name", "") if hasattr(request.node, "callspec") else ""
    with mail_server() as mail:
        found = World(service, mail, tmp_path, make_context)
        if name == "publish" and "hanging" not in request.node.name and "cancel" not in request.node.name:
            found.rabbit = request.getfixturevalue("queue")
        monkeypatch.setenv("PLANTED", PLANTED)
        monkeypatch.setenv("PLANTED_URL", f"postgresql://u:{PLANTED}@127.0.0.1:1/x")
        monkeypatch.setenv("SECRET_BROKER", f"amqp://u:{PLANTED}@127.0.0.1:1/?queue=q")
        monkeypatch.setenv("MAIL", mail.address())
        monkeypatch.setenv("SECRET_MAIL", f"mailto://u:{PLANTED}@127.0.0.1:1?from=a@b.example&mode=insecure")
        monkeypatch.setenv("SILENT_MAIL", mail.address("silent@example.org"))
        yield found


def test_every_connector_that_comes_with_baton_is_tested_here_or_calls_nothing() -> None:
    own = {name for name, entry in installed().items() if entry.value.startswith("orchestrate.")}
    assert own - set(UNCALLED) == set(CASES)


@pytest.mark.parametrize("name", sorted(installed()))
def test_a_connector_says_what_it_is_for_and_what_it_takes(name: str) -> None:
    found = find_connector(name)
    assert found.summary.endswith(".")
    assert isinstance(found.about, About)
    assert found.about.purpose.endswith(".")
    assert found.about.verbs and found.about.systems and found.about.idempotent and found.about.cost
    assert issubclass(found.options, Options)
    assert all(text.endswith(".") for text in meanings(found.options).values())


@pytest.mark.parametrize("name", sorted(UNCALLED))
def test_people_and_the_end_of_a_run_are_never_called(
    name: str, make_context: Callable[..., Context]
) -> None:
    with pytest.raises(CallFailed, match=UNCALLED[name]):
        call(open_connectors(make_context())[name], work())


@pytest.mark.parametrize("name", named)
def test_its_output_is_a_json_object_that_fits_the_step(name: str, world: World) -> None:
    case, step = CASES[name], step_of(CASES[name])
    output = call(find_connector(name)(world.context), work(step=step, **case.settings(world)))
    if isinstance(output, Later | Ask):
        assert name in ("consume", "model")
        return
    assert breach(step.output, dict(output)) is None
    assert isinstance(json.loads(json.dumps(dict(output), allow_nan=False)), dict)


@pytest.mark.parametrize("name", named)
def test_a_repeated_attempt_does_its_work_once_or_is_known_by_its_key(name: str, world: World) -> None:
    case, connector = CASES[name], find_connector(name)(world.context)
    before = case.effects(world) if case.effects else 0
    answers = [call(connector, work("r:a:7", step=step_of(case), **case.settings(world))) for _ in range(2)]
    if name not in ("publish", "notify"):
        assert answers[0] == answers[1]
    if case.effects:
        assert case.effects(world) == before + 1


@pytest.mark.parametrize("name", named)
def test_it_serves_many_runs_at_once(name: str, world: World) -> None:
    case, connector = CASES[name], find_connector(name)(world.context)
    settings, step = case.settings(world), step_of(case)

    async def all_of_them() -> list[Any]:
        calls = [connector.call(work(f"r{n}:a:1", step=step, timeout_s=20, **settings)) for n in range(6)]
        found = await asyncio.gather(*calls)
        await close_connectors([connector])
        return found

    assert len(asyncio.run(all_of_them())) == 6


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].hanging])
def test_it_gives_up_at_its_deadline_and_may_be_tried_again(name: str, world: World) -> None:
    case = CASES[name]
    world.mail.silent.set()
    assert case.hanging is not None
    attempt = work(step=step_of(case), timeout_s=0.5, **case.hanging(world))
    begun = time.monotonic()
    with pytest.raises(CallFailed) as failed:
        call(find_connector(name)(world.context), attempt)
    world.mail.gate.set()
    assert failed.value.can_retry
    assert time.monotonic() - begun < 3.5
    assert not case.still(world)


@pytest.mark.parametrize("name", ["http", "python", "sql", "script", "model", "publish"])
def test_cancelled_it_leaves_nothing_running(name: str, world: World) -> None:
    case, connector = CASES[name], find_connector(name)(world.context)
    assert case.hanging is not None
    attempt = work(step=step_of(case), timeout_s=30, **case.hanging(world))
    begun = {"script": lambda: case.still(world), "python": lambda: case.still(world)}.get(name, _after(0.15))
    since = time.monotonic()
    asyncio.run(cancelled(connector.call(attempt), begun))  # waits for the loop's threads to end
    assert not case.still(world)
    assert time.monotonic() - since < 5


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


@pytest.mark.parametrize("name", named)
def test_a_setting_that_nobody_knows_is_refused_with_the_nearest(name: str, world: World) -> None:
    case, connector = CASES[name], find_connector(name)
    misspelt, meant = case.wrong
    given = {k: v for k, v in case.settings(world).items() if k != meant} | {misspelt: PLANTED}
    with pytest.raises(BadSettings) as refused:
        read_options(name, connector.options, given)
    assert repr(misspelt) in refused.value.message
    assert not meant or repr(meant) in refused.value.hint
    assert PLANTED not in refused.value.message + refused.value.hint
    with pytest.raises(CallFailed) as failed:  # a plan that came here in another way
        call(connector(world.context), work(step=step_of(case), **given))
    assert not failed.value.can_retry


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].secret])
def test_what_fails_never_repeats_a_secret(
    name: str, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, connector = CASES[name], find_connector(name)(world.context)
    assert case.secret is not None
    with pytest.raises(CallFailed) as failed:
        call(connector, work(step=step_of(case), **case.secret(world)))
    said = failed.value.message + failed.value.hint + caplog.text
    assert PLANTED not in said
    for reference in ("PLANTED", "PLANTED_URL", "SECRET_BROKER", "SECRET_MAIL"):
        monkeypatch.delenv(reference)
    with pytest.raises(CallFailed, match="is not set") as absent:
        call(connector, work(step=step_of(case), **case.secret(world)))
    assert not absent.value.can_retry


@pytest.mark.parametrize("name", named)
def test_hostile_input_is_data_or_is_refused(name: str, world: World) -> None:
    """Whatever a case brings is handed on as data, or the attempt fails in words; nothing else happens."""
    case, connector = CASES[name], find_connector(name)(world.context)
    settings = case.settings(world)

    async def all_of_them() -> None:
        for number, strange in enumerate(STRANGE):
            attempt = work(f"r{number}:a:1", {"amount": strange}, step=step_of(case), **settings)
            try:
                output = await connector.call(attempt)
            except CallFailed:
                continue
            if not isinstance(output, Later | Ask):
                json.dumps(dict(output))
        await close_connectors([connector])

    asyncio.run(all_of_them())
    if name == "sql":
        assert case.effects is not None
        assert case.effects(world) > 0
    if name == "notify":
        assert all(mail["Bcc"] is None for mail in world.mail.mails)

"""Jira over REST, from an empty home to a log that follows it: every move of an issue once."""

import random
from datetime import timedelta

import pytest

from home.context import Context, Stores
from home.settings import configure
from ingest.named_sources import AddSourceRequest, add_source
from ingest.pull import PullRequest, pull
from tests.ingest.jira_service import DECLARATION, Jira
from tests.ingest.rest_traps import Service

TOKEN = "jira-t0ken"
WANTED = {"source": "rest:jira", "log": "tickets", "mapping": "recipe:jira"}
STATES = ("Open", "In progress", "In review", "Done")


@pytest.fixture
def jira(room):
    stub = Jira(TOKEN)
    service = Service(stub)
    home = room.folder / "home"
    home.mkdir()
    secret = room.file("jira-token", TOKEN)
    address = f"{service.url}/rest/api/3/search"
    text = DECLARATION.format(address=address, secret=f"file:{secret}")
    (home / "baton.toml").write_text(f'http_allow = ["127.0.0.1"]\n{text}')
    configuration = configure({"home": home}, {})
    room.context = Context(configuration, Stores(configuration.settings), actor="tester")
    yield stub
    room.context.stores.close()
    service.close()


def moves(stub: Jira) -> list[tuple[str, str, str]]:
    """What is true: the creation of each issue and each move of its status, with its moment."""
    found = []
    for key, issue in stub.issues.items():
        found.append((key, "Open", issue["fields"]["created"]))
        for history in issue["changelog"]["histories"]:
            for item in history["items"]:
                if item["field"] == "status":
                    found.append((key, item["toString"], history["created"]))
    return sorted((key, state, at.replace("+0000", "")) for key, state, at in found)


def events(room, log: str = "tickets") -> list[tuple[str, str, str]]:
    rows = room.rows("event", log)
    return sorted((r["case_id"], r["activity"], r["ts"].isoformat(timespec="milliseconds")) for r in rows)


def live(stub: Jira, dice: random.Random, steps: int) -> None:
    """People work for a while."""
    for _ in range(steps):
        stub.now += timedelta(seconds=dice.randrange(1, 600), milliseconds=dice.randrange(1000))
        if len(stub.issues) < 3 or dice.random() < 0.2:
            stub.create(f"SHOP-{len(stub.issues) + 1}")
            continue
        key = dice.choice(list(stub.issues))
        change = dice.choice(("status", "status", "assignee", "priority"))
        new = dice.choice(STATES) if change == "status" else dice.choice(("Ann", "Bob", "Eve"))
        stub.change(key, dice.choice(("Ann", "Bob")), **{change: new})


def test_a_search_becomes_a_log_page_by_page(room, jira):
    live(jira, random.Random(1), 900)
    report = room.load("rest:jira", "tickets", mapping="recipe:jira")
    assert len(jira.asked) >= 3, "more than one page"
    assert events(room) == moves(jira)
    assert report.set_aside == 0
    assert report.cases == len(jira.issues)


def test_pulls_bring_every_move_once_however_they_fall(room, jira):
    dice = random.Random(2)
    live(jira, dice, 30)
    add_source(room.context, AddSourceRequest(name="jira", **WANTED))
    jira.now += timedelta(seconds=60)
    pull(room.context, PullRequest(name="jira"))
    assert events(room) == moves(jira)
    for _ in range(6):
        live(jira, dice, dice.randrange(0, 12))
        (row,) = pull(room.context, PullRequest(name="jira")).rows
        assert row.status in ("ok", "ok_warn")
        # What moved just before the pull belongs to the next one.
        assert set(events(room)) <= set(moves(jira))
    jira.now += timedelta(seconds=60)
    pull(room.context, PullRequest(name="jira"))
    assert events(room) == moves(jira)
    assert 'updated >= "2026-' in jira.asked[-1]


def test_what_jira_answers_to_a_wrong_token_is_said_and_the_token_is_not(room, jira):
    jira.token = "another"
    with pytest.raises(Exception, match="401 Unauthorized") as caught:
        room.load("rest:jira", "tickets", mapping="recipe:jira")
    assert "Client must be authenticated" in str(caught.value)
    assert TOKEN not in str(caught.value)

"""A REST interface is read whole, page by page, or refused with a word; and it goes on where it stopped."""

import json
import re
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from home.addresses import Addresses
from home.context import Context, Stores
from home.errors import BatonError, NotFound, SettingError, Unreachable
from home.settings import configure
from ingest.adapter import Content, Options
from ingest.adapters.rest.client import Pace
from ingest.adapters.rest.declaration import Auth, Declaration, Paginator, Sealed, Since, declared, direct
from ingest.adapters.rest.position import Position, order
from ingest.adapters.rest_api import RestApiAdapter
from ingest.errors import IngestError, Unfit
from ingest.named_sources import AddSourceRequest, add_source
from ingest.pull import PullRequest, pull
from tests.conftest import ROOT
from tests.ingest.rest_traps import (
    BY_PAGE,
    RECORDS,
    TOKEN,
    TRAPS,
    Asked,
    Service,
    Trap,
    answer,
    pages_of,
    said,
)


class Stopwatch:
    """A clock that moves by what is slept, and by nothing else."""

    def __init__(self) -> None:
        self.at, self.slept = 0.0, []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def pace(self) -> Pace:
        today = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
        return Pace(now=lambda: self.at, sleep=self.sleep, chance=lambda: 1.0, today=lambda: today)


@pytest.fixture
def serve():
    services: list[Service] = []

    def start(answering: Any) -> Service:
        services.append(Service(answering))
        return services[-1]

    yield start
    for service in services:
        service.close()


def sealed(service: Service, **table: Any) -> Sealed:
    declaration = Declaration(address=f"{service.url}/items", **(BY_PAGE | table))
    return Sealed(name="rest:orders", declaration=declaration, allow=("127.0.0.1",))


def read(source: Sealed, pace: Pace | None = None, position: str | None = None, **options: Any):
    """Every row, aside and position of a reading, until it ends or fails."""
    content = Content(source.name, address=source.as_address())
    reading = RestApiAdapter(pace).read(content, Options(position=position, **options))
    rows, aside, positions = [], [], []
    error = None
    try:
        for chunk in reading.chunks:
            rows += chunk.events.to_pylist() if chunk.events is not None else []
            aside += chunk.aside
            positions += [chunk.position] if chunk.position is not None else []
    except BatonError as failed:
        error = failed
    return rows, aside, positions, reading, error


@pytest.mark.parametrize("trap", TRAPS, ids=[trap.name for trap in TRAPS])
def test_every_trap_ends_as_it_must(serve, monkeypatch, trap: Trap):
    monkeypatch.setenv("TRAP_TOKEN", TOKEN)
    service = serve(trap.answering)
    clock = Stopwatch()
    real = "timeout_s" in trap.declared  # only a real clock can tell how slowly bytes drip
    rows, _aside, _, _reading, error = read(
        sealed(service, **trap.declared), Pace(sleep=clock.sleep) if real else clock.pace()
    )
    outcome = {
        Unreachable: "unreachable",
        Unfit: getattr(error, "word", ""),
        IngestError: "refused",
        type(None): "ok",
    }[type(error)]
    assert outcome == trap.outcome, error
    if error is not None:
        assert re.search(trap.says, error.message), error.message
        assert error.message.startswith("rest:orders") or trap.outcome in ("cursor",)
        assert TOKEN not in error.message + error.hint
    else:
        assert len(rows) == trap.rows
    if trap.slept is not None:
        assert clock.slept == trap.slept
    if trap.requests is not None:
        assert len(service.seen) == trap.requests


def test_there_are_enough_traps():
    assert len(TRAPS) >= 60
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)


def test_what_is_no_record_is_set_aside_and_counted(serve):
    items = [RECORDS[0], 7, None, RECORDS[1]]
    service = serve(lambda a: said({"items": items if a.number("page", 1) == 1 else []}))
    rows, aside, *_ = read(sealed(service))
    assert [row["#row"] for row in rows] == [1, 4]
    assert [(a.row, a.reason) for a in aside] == [(2, "no object"), (3, "no object")]


def by_offset(asked: Asked) -> bytes:
    """As Jira: at most three at a time, whatever is asked for."""
    start = asked.number("startAt", 0)
    return said({"issues": RECORDS[start : start + 3], "startAt": start, "maxResults": 3, "total": 10})


def by_cursor(asked: Asked) -> bytes:
    body = json.loads(asked.body or "{}")
    start = int(body.get("after", 0))
    following = str(start + 4) if start + 4 < 10 else None
    return said({"data": {"items": RECORDS[start : start + 4]}, "meta": {"next": following}})


def by_next(asked: Asked) -> bytes:
    start = asked.number("skip", 0)
    following = f"{asked.service.url}/items?skip={start + 4}&api_key={TOKEN}" if start + 4 < 10 else None
    return said({"value": RECORDS[start : start + 4], "@odata.nextLink": following})


def by_link(asked: Asked) -> bytes:
    page = asked.number("page", 1)
    rel = f'</items?page={page - 1}>; rel="prev", </items?page={page + 1}&a=1,2>; rel="next"; title="x, y"'
    return said(RECORDS[(page - 1) * 4 : page * 4], link=rel if page < 3 else '</items?page=1>; rel="first"')


WAYS = {
    "page": (pages_of, {"paginator": {"kind": "page"}, "records": "items"}),
    "offset": (
        by_offset,
        {
            "paginator": {
                "kind": "offset",
                "parameter": "startAt",
                "size_parameter": "maxResults",
                "size": 100,
                "total": "total",
            },
            "records": "issues",
        },
    ),
    "cursor in a POST": (
        by_cursor,
        {
            "method": "POST",
            "body": {"query": {"all": True}},
            "paginator": {"kind": "cursor", "parameter": "after", "path": "meta.next"},
            "records": "data.items",
        },
    ),
    "next": (
        by_next,
        {
            "paginator": {"kind": "next", "path": "@odata.nextLink"},
            "records": "value",
            "auth": {"key": "env:TRAP_TOKEN", "query": "api_key"},
        },
    ),
    "link": (by_link, {"paginator": {"kind": "link"}, "records": "."}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_paginator_brings_every_record_once(serve, monkeypatch, way):
    monkeypatch.setenv("TRAP_TOKEN", TOKEN)
    answering, table = WAYS[way]
    service = serve(answering)
    rows, aside, positions, _reading, error = read(sealed(service, **table))
    assert (error, aside) == (None, [])
    assert [row["id"] for row in rows] == [str(n) for n in range(1, 11)]
    assert TOKEN not in "".join(positions)
    if way == "next":
        assert all(f"api_key={TOKEN}" in asked.target for asked in service.seen)
    if way == "cursor in a POST":
        bodies = [json.loads(asked.body) for asked in service.seen]
        assert bodies[1] == {"query": {"all": True}, "after": 4}


@pytest.mark.parametrize("way", WAYS)
def test_reading_goes_on_after_any_page(serve, monkeypatch, way):
    monkeypatch.setenv("TRAP_TOKEN", TOKEN)
    answering, table = WAYS[way]
    service = serve(answering)
    whole, _, positions, _, _ = read(sealed(service, **table))
    for number, position in enumerate(positions[:-1], start=1):
        before = json.loads(position)["row"]
        rest, _, _, _, error = read(sealed(service, **table), position=position)
        assert error is None
        assert whole[:before] + rest == whole, number


@examples(max_examples=30)
@given(drop=st.sets(st.integers(0, 12), max_size=6))
def test_however_often_it_breaks_every_record_comes_once(drop: set[int]) -> None:
    """The pull is begun again from the last position each time the service went away."""
    service = Service(lambda a: answer("", "503 Away") if a.times in drop else pages_of(a, 2))
    source = sealed(service, attempts=1)
    rows: list[Any] = []
    position = None
    for _ in range(8):
        new, _, positions, _, error = read(source, position=position)
        kept = json.loads(positions[-1])["row"] if positions and error else None
        rows += new if kept is None else [row for row in new if row["#row"] <= kept]
        position = positions[-1] if positions else position
        if error is None:
            break
    service.close()
    assert [row["id"] for row in rows] == [str(n) for n in range(1, 11)]


def test_a_cursor_asks_for_what_is_new_and_takes_nothing_twice(serve):
    records = [{"id": n, "updated": f"2026-03-0{n // 2 + 1}T08:00:00Z"} for n in range(6)]
    service = serve(lambda a: said({"items": list(records) if a.number("page", 1) == 1 else []}))
    source = sealed(
        service,
        cursor={"field": "updated", "parameter": "since", "format": "%Y/%m/%d %H:%M", "tz": "Asia/Tokyo"},
    )
    first, _, positions, _, _ = read(source)
    assert len(first) == 6
    # the newest moment again with one more record, a late one with an old moment, and a newer one
    records.extend(
        [
            {"id": 6, "updated": "2026-03-03T08:00:00Z"},
            {"id": 7, "updated": "2026-03-01T08:00:00Z"},
            {"id": 8, "updated": "2026-03-03T17:30:00+09:00"},
        ]
    )
    second, _, more, _, _ = read(source, position=positions[-1])
    assert [row["id"] for row in second] == ["6", "8"]
    assert "since=2026%2F03%2F03+17%3A00" in service.seen[-1].target.replace("%20", "+")
    third, *_ = read(source, position=more[-1])
    assert third == []


def test_rows_of_a_history_are_taken_once_although_their_record_comes_again(serve):
    history = ["2026-03-01T08:00:00Z", "2026-03-02T07:00:00Z"]
    date = ["Mon, 02 Mar 2026 08:00:00 GMT"]

    def answering(asked: Asked) -> bytes:
        moves = [{"created": at, "items": [{"field": "status", "toString": at}]} for at in history]
        issue = {
            "key": "A-1",
            "fields": {"created": "2026-03-01T07:00:00Z"},
            "changelog": {"histories": moves},
        }
        return said({"items": [issue] if asked.number("page", 1) == 1 else []}, date=date[0])

    service = serve(answering)
    source = sealed(
        service,
        cursor={
            "rows": "changelog.histories.created",
            "parameter": "jql",
            "template": "updated >= {since}",
            "lag_s": 0,
        },
    )
    first, _, positions, _, _ = read(source)
    assert len(first) == 3
    history += [
        "2026-03-02T07:30:00Z",
        "2026-03-02T08:00:30Z",
    ]  # one was not to be seen yet: too late to tell
    date[0] = "Mon, 02 Mar 2026 08:00:10 GMT"
    second, _, positions, _, _ = read(source, position=positions[-1])
    assert [r["changelog.histories.created"] for r in second] == []
    date[0] = "Mon, 02 Mar 2026 09:00:00 GMT"
    third, *_ = read(source, position=positions[-1])
    assert [r["changelog.histories.created"] for r in third] == ["2026-03-02T08:00:30Z"]


def test_the_rate_is_kept(serve):
    clock = Stopwatch()
    read(sealed(serve(pages_of), rate=2.0), clock.pace())
    assert clock.slept == [0.5, 0.5, 0.5]  # four pages, the last one empty


def test_credentials_never_leave_their_host(serve, monkeypatch):
    monkeypatch.setenv("TRAP_TOKEN", TOKEN)
    other = serve(lambda a: pages_of(a) if a.times else answer("", "302 Found", location=f"/back{a.target}"))
    service = serve(lambda a: answer("", "302 Found", location=f"{other.url}{a.target}"))
    rows, *_ = read(
        sealed(service, auth={"bearer": "env:TRAP_TOKEN"}, headers={"x-session": "env:TRAP_TOKEN"})
    )
    assert len(rows) == 10
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in service.seen)
    assert other.seen
    assert not any(TOKEN in repr(asked) for asked in other.seen)


def test_what_is_posted_is_not_posted_elsewhere(serve):
    other = serve(pages_of)
    service = serve(lambda a: answer("", "307 Elsewhere", location=f"{other.url}/"))
    *_, error = read(sealed(service, method="POST", body={"who": "me"}))
    assert isinstance(error, Unfit)
    assert error.word == "redirect"
    assert not other.seen


def test_no_cookie_is_sent_back(serve):
    service = serve(lambda a: answer(pages_of(a).partition(b"\r\n\r\n")[2], set_cookie="id=1"))
    rows, *_ = read(sealed(service))
    assert len(rows) == 10
    assert not any("cookie" in asked.headers for asked in service.seen)


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        ({"bearer": "env:TRAP_TOKEN"}, {"authorization": f"Bearer {TOKEN}"}),
        ({"user": "me", "basic": "env:TRAP_TOKEN"}, {"authorization": "Basic bWU6czNjcjN0LXQwa2Vu"}),
        ({"key": "env:TRAP_TOKEN", "header": "X-Key"}, {"x-key": TOKEN}),
    ],
)
def test_credentials_are_sent_as_declared_and_hidden_in_the_catalog(serve, monkeypatch, auth, sent):
    monkeypatch.setenv("TRAP_TOKEN", TOKEN)
    service = serve(pages_of)
    source = sealed(service, auth=auth)
    read(source)
    assert sent.items() <= service.seen[0].headers.items()
    assert TOKEN not in source.as_address()


def test_a_secret_with_a_line_break_is_not_sent(serve, monkeypatch):
    monkeypatch.setenv("TRAP_TOKEN", f"{TOKEN}\r\nX-Admin: 1")
    service = serve(pages_of)
    with pytest.raises(IngestError, match="line break") as caught:
        read(sealed(service, auth={"bearer": "env:TRAP_TOKEN"}))
    assert TOKEN not in caught.value.message
    assert not service.seen


def test_private_addresses_are_refused_unless_named(serve):
    service = serve(pages_of)
    source = sealed(service)
    *_, error = read(source.model_copy(update={"allow": ()}))
    assert isinstance(error, Unfit)
    assert error.word == "address"
    assert not service.seen


def test_a_name_is_resolved_once_and_that_address_connected_to(serve, monkeypatch):
    service = serve(pages_of)
    asked: list[str] = []

    def look_up(self: Addresses, host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1" if len(asked) == 1 else "10.0.0.1"

    monkeypatch.setattr(Addresses, "look_up", look_up)
    source = sealed(service)
    address = f"http://rebinding.example:{service.port}/items"
    paginator = {"kind": "single"}
    declaration = Declaration(address=address, records="items", paginator=paginator)
    rows, *_ = read(source.model_copy(update={"declaration": declaration}))
    assert len(rows) == 4
    assert asked == ["rebinding.example"]
    assert service.seen[0].headers["host"] == f"rebinding.example:{service.port}"


def test_https_is_checked_and_never_left(serve, tmp_path):
    """A certificate nobody vouches for is refused; one that is named is taken; a redirect to http is not."""
    import socket
    import ssl
    import threading

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    plain = serve(pages_of)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(answer("", "302 Found", location=f"{plain.url}/items"))
            except OSError:
                continue

    threading.Thread(target=accept, daemon=True).start()
    table = {**BY_PAGE, "address": f"https://127.0.0.1:{port}/items", "attempts": 1}
    for extra, kind, says in (
        ({}, Unreachable, "certificate"),
        ({"ca_file": str(certificate)}, Unfit, "less safe"),
    ):
        source = Sealed(name="rest:orders", declaration=Declaration(**table, **extra), allow=("127.0.0.1",))
        *_, error = read(source)
        assert isinstance(error, kind), error
        assert says in error.message.lower()
    listener.close()
    assert not plain.seen


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            "adress = 'https://x.example'",
            r"\[rest.orders\]: there is no key 'adress'. Did you mean 'address'\?",
        ),
        (
            "address = 'https://x.example'\npaginator = {kind = 'page', sise = 5}",
            "'paginator.sise'. Did you mean 'size'",
        ),
        (
            "address = 'https://x.example'\nauth = {bearer = 'hunter2'}",
            "auth.bearer: a secret is given by reference",
        ),
        ("address = 'https://me:hunter2@x.example'", "credentials do not belong in an address"),
        (
            "address = 'https://x.example'\nheaders = {Authorization = 'hunter2'}",
            "Authorization: a secret is given",
        ),
        ('address = "https://x.example"\nheaders = {"X-A" = "1\\r\\nX-B: hunter2"}', "no line breaks"),
        ("address = 'ftp://x.example'", "begins with https"),
        ("address = 'https://x.example'\npaginator = {kind = 'cursor'}", "needs a path"),
        ("address = 'https://x.example'\nbody = {a = 1}", "needs method"),
        ("address = 'https://x.example'\nauth = {key = 'env:K'}", "header or of its query"),
    ],
)
def test_a_wrong_declaration_is_named_and_its_secret_is_not(tmp_path, table, says):
    (tmp_path / "baton.toml").write_text(f"[rest.orders]\n{table}\n")
    with pytest.raises(SettingError, match=says) as caught:
        declared(tmp_path, "orders")
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_the_page_on_adapters_names_every_key_and_its_declarations_are_right(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    section = page.partition("## REST interfaces")[2].partition("\n## ")[0]
    for model in (Declaration, Auth, Paginator, Since):
        for name in model.model_fields:
            assert f"`{name}`" in section, name
    names = set()
    for block in re.findall(r"^```toml[^\n]*\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        for name in re.findall(r"^\[rest\.(\w+)\]$", block, re.MULTILINE):
            (tmp_path / "baton.toml").write_text(block)
            for reference in re.findall(r'"env:(\w+)"', block):
                monkeypatch.setenv(reference, "https://x.example")
            assert declared(tmp_path, name).declaration.address.startswith("https://")
            names.add(name)
    assert names == {"shop", "jira", "github", "servicenow"}


def test_an_unknown_interface_offers_the_nearest(tmp_path):
    (tmp_path / "baton.toml").write_text("[rest.orders]\naddress = 'https://x.example'\n")
    with pytest.raises(NotFound, match="No REST interface called 'order'") as caught:
        declared(tmp_path, "order")
    assert "orders" in caught.value.hint
    with pytest.raises(SettingError, match="credentials") as refused:
        direct("https://me:hunter2@x.example/orders")
    assert "hunter2" not in refused.value.message


def test_order_is_that_of_numbers_and_of_moments():
    assert order("9") < order("10")
    assert order("2026-03-02T10:00:00+02:00") < order("2026-03-02T09:00:00Z")
    assert order("2026-03-02T09:00:00.000+0000") == order("2026-03-02T09:00:00Z")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=30, unique=True), st.data())
def test_two_pulls_take_each_record_once_whatever_the_moments(records, data):
    """Records arrive in the order of their moments; a pull sees those there are by then."""
    records.sort()
    cut = data.draw(st.integers(0, len(records)))
    taken = []
    position = Position()
    for seen in (records[:cut], records):
        taken += [r for r in seen if position.is_new(list(r), r[0])]
        position = Position.read(position.ended().written())
    assert taken == records or sorted(taken) == records


def test_an_address_may_be_read_as_it_is(serve, room):
    (room.folder / "home").mkdir()
    service = serve(by_link)
    configuration = configure({"home": room.folder / "home", "http_allow": ("127.0.0.1",)}, {})
    room.context = Context(configuration, Stores(configuration.settings), actor="tester")
    report = room.load(f"{service.url}/items?token={TOKEN}", records=".")
    assert (report.seen, report.loaded, report.cases) == (10, 10, 3)
    assert TOKEN not in report.model_dump_json()
    assert TOKEN not in str(room.query("select * from source"))
    assert room.load(f"{service.url}/items?token={TOKEN}", records=".").message.endswith("nothing changed.")


def test_one_page_that_tells_of_others_is_warned_of(serve):
    for content, warned in (
        ({"items": RECORDS, "next": "/2"}, True),
        ({"items": RECORDS, "total": 10, "meta": 1}, True),
        ({"items": RECORDS, "next": None}, False),
        ({"items": RECORDS, "pageviews": 7}, False),
        ({"items": [], "total": 5}, False),
    ):
        service = serve(lambda a, content=content: said(content))
        *_, reading, error = read(sealed(service, paginator={"kind": "single"}))
        assert error is None
        assert [f.code for f in reading.findings] == (["one_page"] if warned else []), content


def declared_at_home(room, service, more=""):
    """A room whose home declares `rest:orders`."""
    home = room.folder / "home"
    home.mkdir()
    (home / "baton.toml").write_text(
        f'http_allow = ["127.0.0.1"]\n[rest.orders]\naddress = "{service.url}/items"\nrecords = "items"\n'
        f'paginator = {{kind = "page"}}\nattempts = 1\n{more}'
    )
    configuration = configure({"home": home}, {})
    room.context = Context(configuration, Stores(configuration.settings), actor="tester")


def test_a_pull_that_broke_off_goes_on_after_the_last_whole_page(serve, room):
    away = [True]
    service = serve(
        lambda a: answer("", "503 Away") if away[0] and a.number("page", 1) == 3 else pages_of(a, 3)
    )
    declared_at_home(room, service, 'cursor = {field = "id", parameter = "since_id"}\n')
    add_source(room.context, AddSourceRequest(name="orders", source="rest:orders", log="orders"))
    with pytest.raises(Unreachable, match="page 3: tried 1 time"):
        pull(room.context, PullRequest(name="orders"))
    with pytest.raises(NotFound):  # nothing of it is a log yet
        room.rows("event")
    away[0] = False
    before = len(service.seen)
    (row,) = pull(room.context, PullRequest(name="orders")).rows
    assert (row.seen, row.loaded) == (10, 10)
    assert [asked.number("page", 0) for asked in service.seen[before:]] == [3, 4, 5]
    assert len(room.rows("event")) == 10
    RECORDS.append({**RECORDS[0], "id": 11})
    try:
        (row,) = pull(room.context, PullRequest(name="orders")).rows
    finally:
        RECORDS.pop()
    assert (row.seen, row.loaded, row.events) == (1, 1, 11)
    assert service.seen[-1].number("since_id", 0) == 10


def test_without_a_cursor_new_content_takes_the_place_of_the_old(serve, room):
    service = serve(pages_of)
    declared_at_home(room, service)
    add_source(room.context, AddSourceRequest(name="orders", source="rest:orders", log="orders"))
    for _ in range(2):
        pull(room.context, PullRequest(name="orders"))
        assert len(room.rows("event")) == 10
    removed = RECORDS.pop()
    try:
        pull(room.context, PullRequest(name="orders"))
    finally:
        RECORDS.append(removed)
    assert len(room.rows("event")) == 9


def test_the_command_line_reads_what_is_declared_and_says_when_it_is_away(serve, baton, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    alive = [True]
    service = serve(lambda a: pages_of(a) if alive[0] else answer(f"{TOKEN} down", "503 Away"))
    (home / "baton.toml").write_text(
        'http_allow = ["127.0.0.1"]\n[rest.orders]\n'
        f'address = "{service.url}/items"\nrecords = "items"\npaginator = {{kind = "page"}}\n'
        f'auth = {{bearer = "file:{secret}"}}\nattempts = 2\nbackoff_s = 0.01\n'
    )
    found = baton("ingest", "rest:orders", "--log", "orders", "--json").json
    assert (found["seen"], found["loaded"], found["cases"]) == (10, 10, 3)
    alive[0] = False
    failed = baton("ingest", "rest:orders", "--log", "more", "--json", check=3)
    message = failed.json["error"]["message"]
    assert "tried 2 times" in message
    assert "503 Away" in message
    assert not [
        path for path in home.rglob("*") if path.is_file() and TOKEN in path.read_text(errors="ignore")
    ]
    assert TOKEN not in failed.out + failed.err

"""The service: one owner, guarded routes, commands over HTTP, a clean end."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.conftest import Answer
from tests.dashboard.conftest import Served, serving

Serve = Callable[..., Served]
Baton = Callable[..., Answer]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for the tests that only ask it something."""
    with serving(tmp_path_factory.mktemp("served") / "home") as served:
        yield served


def test_it_answers_and_ends_with_exit_0(serve: Serve) -> None:
    service = serve()
    assert httpx.get(f"{service.address}/api/health", trust_env=False).json() == {"ok": True}
    assert service.stop() == 0
    assert not (service.home / "service.json").exists()


def test_other_commands_on_its_home_go_through_it(service: Served, baton: Baton) -> None:
    assert baton("logs", "--json", home=service.home).json["rows"] == []
    answer = baton("map", "nothing", "--json", home=service.home, check=1).json
    assert answer["error"]["code"] == "not_found"


def test_a_second_service_on_its_home_is_told_who_owns_it(service: Served, baton: Baton) -> None:
    answer = baton("serve", "--port", "0", home=service.home, check=1)
    assert f"in use by `baton serve` (process {service.process.pid})" in answer.err
    assert len(answer.err.strip().splitlines()) == 2


def test_a_taken_port_is_one_clear_line(service: Served, baton: Baton) -> None:
    port = service.address.rsplit(":", 1)[1]
    answer = baton("serve", "--port", port, check=1)
    assert f"Cannot listen on 127.0.0.1:{port}" in answer.err


def test_only_its_token_opens_the_api(service: Served) -> None:
    for header in ("", "Bearer", "Bearer wrong", service.token):
        assert service.post("logs", authorization=header).status_code == 401
    assert service.post("logs").status_code == 200
    assert (service.home / "service.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("header", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_requests_of_other_sites_are_refused_even_with_the_token(
    service: Served, header: dict[str, str]
) -> None:
    assert service.post("logs", **header).status_code == 403
    plain = httpx.post(
        f"{service.address}/api/logs",
        content="{}",
        headers={"content-type": "text/plain", **header},
        trust_env=False,
    )
    assert plain.status_code == 403
    assert httpx.get(service.address, headers=header, trust_env=False).status_code == 403


def test_the_api_describes_every_command(service: Served) -> None:
    from home.registry import load

    assert httpx.get(f"{service.address}/api/openapi.json", trust_env=False).status_code == 401
    headers = {"authorization": f"Bearer {service.token}"}
    described = httpx.get(f"{service.address}/api/openapi.json", headers=headers, trust_env=False).json()
    expected = {f"/{c.name.replace(' ', '/')}" for c in load() if c.api}
    assert expected <= set(described["paths"])


def test_a_path_on_the_services_machine_is_not_for_callers_to_name(service: Served) -> None:
    answer = service.post("ingest", {"source": "/etc/passwd", "log": "x"})
    assert answer.status_code == 409
    assert "uploads" in answer.json()["error"]["hint"]


@pytest.mark.parametrize("ticket", ["upload:..", "upload:../x", "upload:00000000000000000000", "upload:"])
def test_an_upload_ticket_cannot_leave_its_folder(service: Served, ticket: str) -> None:
    assert service.post("ingest", {"source": ticket, "log": "x"}).status_code == 409


def test_an_unknown_field_is_refused_by_name(service: Served) -> None:
    answer = service.post("logs", {"evil": 1})
    assert answer.status_code == 422
    assert "evil" in answer.text


def test_an_upload_is_gone_once_its_command_has_ended(service: Served) -> None:
    rows = "case,activity,time\n1,a,2026-01-01\n"
    headers = {"authorization": f"Bearer {service.token}"}
    sent = httpx.post(
        f"{service.address}/api/uploads",
        params={"name": "../../evil.csv"},
        content=rows,
        headers=headers,
        trust_env=False,
    )
    ticket = sent.json()["upload"]
    mapping = ["case_id=case", "activity=activity", "timestamp=time"]
    answer = service.post("ingest", {"source": ticket, "log": "sent", "map": mapping})
    assert answer.json()["events"] == 1
    assert list((service.home / "uploads").iterdir()) == []
    assert not (service.home.parent / "evil.csv").exists()


def test_pages_without_a_login_stay_on_this_machine(baton: Baton) -> None:
    answer = baton("serve", "--host", "0.0.0.0", check=1)
    assert "0.0.0.0 is not a loopback address" in answer.err


def test_a_folder_is_sent_whole_and_joined_by_a_recipe(service: Served, baton: Baton, tmp_path) -> None:
    from tests.ingest.exports import SERVICENOW, as_folder

    folder = as_folder(tmp_path / "export", SERVICENOW)
    words = ("ingest", folder, "--log", "incidents", "--mapping", "recipe:servicenow-incidents", "--json")
    first, again = (baton(*words, home=service.home).json for _ in range(2))
    assert (first["cases"], first["events"], first["set_aside"]) == (2, 9, 0)
    assert again["message"].endswith("nothing changed.")

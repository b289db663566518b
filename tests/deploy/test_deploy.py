"""The files to deploy with: units that systemd takes, a compose file and alerts that hold together."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from home.clock import SystemClock
from home.command_line import parse
from home.registry import load
from orchestrate.watching.fleet import Fleet
from orchestrate.watching.metrics import Metrics
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for unit in UNITS:
        name = unit.name.replace("@.", "@1.")
        # What the units start is not installed here; everything else is as it is.
        text = unit.read_text().replace("/opt/baton/.venv/bin/baton", "/bin/true")
        (tmp_path / name).write_text(text.replace(" postgresql.service", ""))
    found = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True
    )
    assert (found.returncode, found.stdout, found.stderr.strip()) == (0, "", "")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda p: p.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    read = configparser.RawConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(unit)
    line = read["Service"]["ExecStart"]
    words = line.partition(".venv/bin/baton ")[2].partition("$")[0].replace("%i", "1").split()
    command = load().get(words[0])
    parse(command, words[1:])
    assert read["Service"]["User"] == "baton" and read["Service"]["UMask"] == "0077"


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    return found


SERVICE_KEYS = {
    *("build", "image", "restart", "init", "read_only", "cap_drop", "security_opt", "tmpfs", "secrets"),
    *("depends_on", "environment", "volumes", "shm_size", "healthcheck", "command", "ports", "deploy"),
    *("stop_grace_period", "network_mode"),
}
"""Of https://github.com/compose-spec/compose-spec/blob/main/05-services.md, those that are used."""


def test_the_compose_file_holds_together() -> None:
    found = compose()
    services = found["services"]
    assert set(found) <= {"name", "services", "volumes", "secrets", "x-baton"}
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert set(service.get("secrets", ())) <= set(found["secrets"]), name
        for on, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy" and "healthcheck" in services[on]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in found["volumes"] or (DEPLOY / "compose" / source).exists(), volume
        check = service.get("healthcheck")
        assert check is None or check["test"][0] in ("CMD", "CMD-SHELL")
    assert services["proxy"]["network_mode"] == "service:serve"
    assert "/api/ready" in str(services["serve"]["healthcheck"]["test"])
    for name in ("serve", "worker"):
        command = load().get(services[name]["command"][0])
        parse(command, services[name]["command"][1:])
        for variable in services[name]["environment"]:
            field = variable.removeprefix("BATON_").lower()
            from home.settings import Settings

            assert field in Settings.model_fields or variable.startswith("OTEL_")
    assert services["worker"]["healthcheck"]["test"] == ["CMD", "baton", "doctor"]
    assert "password" not in str(services["serve"]["environment"]).lower()


def test_the_proxy_hands_on_what_the_guard_wants() -> None:
    text = (DEPLOY / "nginx" / "baton.conf").read_text()
    bare = re.sub(r"#[^\n]*|\"[^\"]*\"", "", text)
    assert bare.count("{") == bare.count("}")
    for location in text.split("location ")[1:]:
        assert "$http_host" in location and "proxy_pass" in location
    assert "auth_basic_user_file" in text and "$http_upgrade" in text


def test_alerts_name_metrics_that_exist(tmp_path: Path) -> None:
    from home.database import Database

    state = Database(f"sqlite:///{tmp_path / 'state.sqlite'}")
    metrics = Metrics()
    metrics.also(Fleet(lambda: state, SystemClock(), lambda: {"a": 1.0}))
    known = set(re.findall(r"^# TYPE (\w+)", metrics.text().decode(), re.MULTILINE))
    state.close()
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        for name in re.findall(r"\bbaton_\w+", rule["expr"]):
            assert name in known or name.removesuffix("_total") in known, (rule["alert"], name)
        assert rule["annotations"]["summary"].endswith((".", "due."))
    scrape = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    assert scrape[0]["metrics_path"] == "/api/metrics"


@pytest.mark.postgres
def test_a_postgresql_store_comes_back_from_a_dump(
    postgres_database: str, postgres_url: str, tmp_path: Path
) -> None:
    """The recipe of docs/operate.md, word for word but for the names."""
    import psycopg

    from home.database import Database
    from orchestrate.records.audit import record

    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not here")
    recipe = (ROOT / "docs" / "operate.md").read_text()
    dump = tmp_path / "baton.dump"
    name = f"{postgres_database.partition('?')[0].rpartition('/')[2]}_new"
    other = postgres_database.replace(name.removesuffix("_new"), name)
    state = Database(postgres_database)
    with state.transaction() as connection:
        record(connection, at=SystemClock().now(), actor="ada", action="start", subject="run-1")
    before = state.rows("select seq, hash from audit_head")
    commands = [
        line.removeprefix("$ ")
        for line in recipe.splitlines()
        if re.match(r"\$ (pg_dump|createdb|pg_restore) ", line)
    ]
    assert [command.split()[0] for command in commands] == ["pg_dump", "createdb", "pg_restore"]
    filled = {"$BATON_DATABASE_URL": postgres_database, "baton.dump": str(dump), "$NEW_URL": other}
    filled |= {"$SERVER_URL": postgres_url, "baton_new": name}
    try:
        for command in commands:
            words = shlex.split(command)
            for word, meant in filled.items():
                words = [each.replace(word, meant) for each in words]
            subprocess.run(words, check=True, capture_output=True, text=True)
        restored = Database(other)
        assert restored.rows("select seq, hash from audit_head") == before
        restored.close()
    finally:
        state.close()
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(f'drop database if exists "{name}" with (force)')

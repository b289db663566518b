"""One owner per home folder, and the others are told who it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from home.errors import Busy
from home.lock import HomeLock
from tests.conftest import ROOT


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with HomeLock(tmp_path, "serve"), pytest.raises(Busy, match=rf"`baton serve` \(process {os.getpid()}\)"):
        HomeLock(tmp_path, "map").acquire()


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with HomeLock(tmp_path, "map"):
            pass


def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from home.lock import HomeLock;"
        "HomeLock(pathlib.Path(sys.argv[1]), 'x').acquire(); print('held', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        HomeLock(tmp_path, "map").acquire()
    owner.kill()
    owner.communicate()
    with HomeLock(tmp_path, "map"):
        pass

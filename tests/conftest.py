"""What every test may ask for."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PUBLIC_LOGS = ROOT / ".." / "shared" / "logs"


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

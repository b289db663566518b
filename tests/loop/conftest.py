"""Homes that a stranger has filled by the documented commands; each is made once."""

import io
import json
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from baton import main
from tests.conftest import ROOT, Answer

PAGE = ROOT / "docs" / "public-logs.md"
COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Home:
    """A home folder and the command line on it."""

    folder: Path
    reports: dict[str, Any] = field(default_factory=dict)
    """What `ingest` said, by log."""

    def run(self, *arguments: object, check: int | None = 0) -> Answer:
        """Run the real command line; `check` is the exit code it has to end with."""
        command = [sys.executable, "-m", "baton", "--home", str(self.folder), *map(str, arguments)]
        answer = Answer(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300))
        assert "Traceback" not in answer.err, answer.err
        if check is not None:
            assert answer.exit == check, (arguments, answer.exit, answer.out, answer.err)
        return answer

    def tell(self, *arguments: object) -> tuple[object, Any]:
        """Run the command line with `--json` in this process, since imports are dear: exit code, answer."""
        code: object = 0
        with redirect_stdout(io.StringIO()) as out:
            try:
                main(["--home", str(self.folder), "--json", *map(str, arguments)])
            except SystemExit as end:
                code = end.code
        return code, json.loads(out.getvalue())

    def ask(self, *arguments: object, check: int = 0) -> Any:
        """What `tell` answers, if it ends with the exit code `check`."""
        code, answer = self.tell(*arguments)
        assert code == check, (arguments, code, answer)
        return answer


def documented_loads() -> dict[str, list[str]]:
    """The `baton ingest` lines of the page, by log: the words after `baton`."""
    loads = {}
    for block in COMMANDS.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)[1:]
            loads[words[words.index("--log") + 1]] = words
    return loads


def documented_table() -> dict[str, list[str]]:
    """The cells of the page's table, by log."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in rows}


@dataclass(frozen=True)
class PublicHome(Home):
    """A home into which public logs are loaded as the page says, each when it is first asked for."""

    logs: Path = Path()

    def holding(self, *logs: str) -> "PublicHome":
        """This home, with these logs in it."""
        loads = documented_loads()
        for log in logs:
            if log not in self.reports:
                words = [str(self.logs / w[5:]) if w.startswith("logs/") else w for w in loads[log]]
                self.reports[log] = self.ask(*words)
        return self


@pytest.fixture(scope="session")
def public_home(public_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> PublicHome:
    """A home for public logs."""
    return PublicHome(tmp_path_factory.mktemp("public") / "home", logs=public_logs)

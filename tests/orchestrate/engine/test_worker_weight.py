"""A worker carries what it uses: no event store, no analysis, no driver that it was not asked for."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

HEAVY = ("duckdb", "numpy", "pandas", "pyarrow", "pm4py", "streamlit", "fastapi", "dbos", "sklearn", "scipy")
PROGRAM = """
import json, sys
from pathlib import Path
from home.context import Context, Stores
from home.settings import Configuration, Settings
from orchestrate.worker import Worker

home = Path(sys.argv[1])
settings = Settings(home=home, database_url=f"sqlite:///{home / 'state.sqlite'}")
worker = Worker(Context(Configuration(settings, {}), Stores(settings)), "table")
worker.start()
worker.stop()
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]))
"""


def test_a_worker_imports_nothing_heavy_that_no_run_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), *HEAVY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []

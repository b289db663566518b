"""Folders for what lives no longer than its process; what a killed one left goes at the next start."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

OURS = f"work-{secrets.token_hex(6)}-"
"""How the folders of this process begin; a process number alone could be used again."""


@contextmanager
def working_folder(home: Path) -> Iterator[Path]:
    """A new folder in the home's `tmp`, gone with everything in it at the end."""
    parent = home / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=parent, prefix=OURS, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweep(home: Path) -> None:
    """Remove from the home's `tmp` what other processes left. Only the owner of the home lock may."""
    parent = home / "tmp"
    for entry in parent.iterdir() if parent.is_dir() else ():
        if entry.name.startswith(OURS):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()

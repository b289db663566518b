"""Drafts of plans: YAML files in the home folder, one per name, that commands read and people may edit."""

from pathlib import Path

from dashboard.runtime import current
from home.errors import NotFound, Refused
from home.ids import slug

FOLDER = "drafts"


def folder() -> Path:
    """Where drafts are kept."""
    found = current().settings.home / FOLDER
    found.mkdir(parents=True, exist_ok=True)
    return found


def drafts() -> list[str]:
    """Names of the drafts there are, the newest first."""
    files = sorted(folder().glob("*.yaml"), key=lambda file: -file.stat().st_mtime)
    return [file.stem for file in files]


def path(name: str) -> Path:
    """The file of a draft; raises `NotFound` where there is none."""
    file = _file(name)
    if not file.is_file():
        raise NotFound(f"There is no draft {name!r}.", hint="Make one from a candidate.")
    return file


def save(name: str, text: str) -> Path:
    """Write a draft, whole or not at all."""
    file = _file(name)
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    return beside.replace(file)


def discard(name: str) -> None:
    """Remove a draft; published versions stay."""
    _file(name).unlink(missing_ok=True)


def _file(name: str) -> Path:
    if slug(name.replace(".", "-").replace("_", "-"), length=80) != name.replace(".", "-").replace("_", "-"):
        raise Refused(
            f"{name!r} cannot be the name of a draft.", hint="Lower-case letters, digits and hyphens."
        )
    return folder() / f"{name}.yaml"

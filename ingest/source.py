"""Finds what the user named: a file here, an upload the service keeps, or the address of a system."""

import re
from contextlib import suppress
from pathlib import Path

from home.context import Context
from home.errors import NotFound, UsageError
from home.settings import REFERENCE, secret
from ingest.brokers import SCHEMES
from ingest.recipe import PREFIX as RECIPE
from ingest.recipe import recipe_path

UPLOAD = "upload:"
TICKET = re.compile(r"[A-Za-z0-9_-]+")
STATE = "state"
"""This home's own transactional store, for the runs in it."""


def resolve_source(context: Context, source: str) -> Path | str:
    """The path of a file, or a URL with its secrets filled in.

    An upload is `upload:TICKET`; the service stores it as the one file in `<home>/uploads/TICKET`. A
    shipped recipe is `recipe:NAME`.
    Raises `NotFound` when there is no such file.
    """
    if source.startswith(RECIPE):
        return recipe_path(source.removeprefix(RECIPE))
    if source.startswith(UPLOAD):
        return _upload(context.home / "uploads", source.removeprefix(UPLOAD))
    path = Path(source)
    with suppress(OSError):  # such as a name too long to be one
        if path.exists():
            return path
    if REFERENCE.match(source):
        return resolve_source(context, secret(source))
    if source == STATE:
        return context.state.url.render_as_string(hide_password=False)
    if source.startswith(("rest:", "http://", "https://")):
        from ingest.adapters.rest.declaration import PREFIX, declared, direct

        allow = context.settings.http_allow
        if source.startswith(PREFIX):
            return declared(context.home, source.removeprefix(PREFIX), allow).as_address()
        return direct(source, allow).as_address()
    if source.startswith((*(f"{scheme}://" for scheme in SCHEMES), "push:")):
        raise UsageError(
            "A queue, a topic and what is pushed are read as named sources, as their events come.",
            hint="`baton source add NAME SOURCE --log LOG`, then `baton pull NAME`, or the service does.",
        )
    if "://" in source:
        return source
    raise NotFound(f"There is no file {source!r}.", hint=_nearest(path))


def _upload(folder: Path, ticket: str) -> Path:
    if not TICKET.fullmatch(ticket):
        raise NotFound(f"{ticket!r} is no upload.", hint="Send the file again.")
    kept = folder / ticket
    files = [entry for entry in kept.iterdir() if entry.is_file()] if kept.is_dir() else []
    if len(files) != 1:
        raise NotFound(f"The upload {ticket!r} is gone.", hint="Send the file again.")
    return files[0]


def _nearest(path: Path) -> str:
    from difflib import get_close_matches

    folder = path.parent
    if not folder.is_dir():
        return f"The folder {str(folder)!r} does not exist either."
    names = [entry.name for entry in folder.iterdir()]
    near = get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"Look into {str(folder)!r}."

"""`baton serve`: Streamlit, the API and a worker in one process."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from home.context import Context
from home.contracts import Request, Response
from home.errors import Refused

SCRIPT = Path(__file__).with_name("app.py")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
UPLOADS_KEPT_S = 86_400
THEME = {
    "theme.primaryColor": "#3d5afe",
    "theme.baseRadius": "medium",
    "theme.baseFontSize": 15,
    "theme.metricValueFontSize": "1.7rem",
    "theme.headingFontSizes": ["1.9rem", "1.35rem", "1.1rem", "1rem", "0.9rem", "0.85rem"],
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f5f8",
    "theme.dark.backgroundColor": "#0f1218",
    "theme.dark.secondaryBackgroundColor": "#1a1f29",
}


class ServeRequest(Request):
    """How to serve."""

    host: str | None = None
    """Address to bind to; the setting `host` where not given."""
    port: int | None = Field(default=None, ge=0, le=65535)
    """Port to bind to, 0 for a free one; the setting `port` where not given."""
    worker: bool = True
    """Drive runs in this process too."""


class Served(Response):
    """The service has ended."""

    address: str
    """Where it was."""


def serve(context: Context, request: ServeRequest) -> Served:
    """Serve the dashboard, the API and a worker until interrupted.

    One process owns the home folder; other `baton` commands on the same folder are sent to it.
    Ctrl-C or SIGTERM ends it: running work is journaled and goes on at the next start.
    """
    from home.lock import HomeLock

    settings = context.settings
    host = request.host or settings.host
    if host not in LOOPBACK:
        raise Refused(
            f"{host} is not a loopback address, and the pages have no login.",
            hint="Bind to 127.0.0.1 and put a proxy with a login in front of it.",
        )
    with HomeLock(settings.home, "serve"), _bound(host, request.port, settings.port) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}"
        token = secrets.token_urlsafe(32)
        hint = settings.home / "service.json"
        _write_privately(hint, json.dumps({"pid": os.getpid(), "address": address, "token": token}))
        _forget_old_uploads(settings.home / "uploads")
        sys.stderr.write(f"Baton is at {address} (home {settings.home}). Ctrl-C ends it.\n")
        sys.stderr.flush()
        try:
            _serve(context, listening, token, worker=request.worker)
        finally:
            hint.unlink(missing_ok=True)
    return Served(address=address)


def _serve(context: Context, listening: socket.socket, token: str, *, worker: bool) -> None:
    import uvicorn

    from dashboard.runtime import Runtime, install
    from home.log import log_to_stderr
    from home.ready import say_ready
    from home.registry import load

    runtime = Runtime(context.configuration, load())
    install(runtime)
    app = create_app(runtime, token)
    log_to_stderr(runtime.settings.log_level)  # after Streamlit, which brings handlers of its own
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=5, ws_max_size=200 * 2**20
    )

    class Server(uvicorn.Server):
        """uvicorn that ends with exit code 0 when asked to end."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Listen, then say so to whoever started the service."""
            await super().startup(sockets=sockets)
            say_ready()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Ask the loop to end on SIGINT and SIGTERM, and do not raise them again afterwards."""
            before = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    # Before any event loop runs: the engine refuses to start inside one, and an error ends the command.
    runtime.open(worker=worker)
    try:
        Server(config).run(sockets=[listening])
    finally:
        runtime.close()


def create_app(runtime: Any, token: str) -> Any:
    """The ASGI application: Streamlit with the API and the assets mounted beside it."""
    from starlette.middleware import Middleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles
    from streamlit import config

    from dashboard import shell
    from dashboard.api import create_api
    from dashboard.components.assets import ASSETS
    from dashboard.guard import Guard

    # Environment variables and config.toml are not read under uvicorn; without these the page calls out.
    for option, value in {
        **THEME,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 2048,
    }.items():
        config.set_option(option, value)
    import streamlit

    return streamlit.App(
        str(SCRIPT),
        routes=[
            *shell.routes(),
            Mount("/api", create_api(runtime, token)),
            Mount("/assets", StaticFiles(directory=ASSETS)),
        ],
        middleware=[Middleware(Guard, allowed_hosts=runtime.settings.allowed_hosts)],
    )


@contextlib.contextmanager
def _bound(host: str, asked: int | None, default: int) -> Iterator[socket.socket]:
    """A listening socket, bound before anything slow happens, so that a busy port says so at once."""
    port = default if asked is None else asked
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise Refused(
                f"Cannot listen on {host}:{port}: {error.strerror}.",
                hint="Name another with --port; 0 takes a free one.",
            ) from error
        listening.listen(128)
        yield listening


def _write_privately(path: Path, text: str) -> None:
    """Write a file only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _forget_old_uploads(folder: Path) -> None:
    """Remove uploads that no command can still be reading."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if time.time() - entry.stat().st_mtime > UPLOADS_KEPT_S:
            shutil.rmtree(entry, ignore_errors=True)
